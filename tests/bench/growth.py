"""How cost grows with the number of clients: CPU time for a thousand tokens, and memory, drawn as an SVG.

    python -m tests.bench.growth FILE.svg

A tenth of the clients is being answered. Whatever their number, they get TOKENS_PER_SECOND between them: what is seen
is what each more of them costs.
"""

import asyncio
import os
import sys
from pathlib import Path

import uvloop

from tests.bench import report
from tests.bench.clients import Asker, connect, leave
from tests.bench.servers import OTHER_CORES, service, stub

CLIENTS = (100, 300, 1_000, 3_000, 10_000)
TOKENS_PER_SECOND = 2_000
ANSWERED = 10
SECONDS = 8
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 360, 250, 50, 40, 44
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #555 } .title { font-weight: 600 }
  .axis { stroke: #999 } .line { stroke: #0b6bcb; stroke-width: 2; fill: none } .dot { fill: #0b6bcb }
  @media (prefers-color-scheme: dark) { text { fill: #bbb } .line { stroke: #6bb3ff } .dot { fill: #6bb3ff } }
"""


async def measure(count, seconds=SECONDS):
    """ms of CPU for a thousand tokens, and MiB resident, with so many clients."""
    gap = count / ANSWERED / TOKENS_PER_SECOND
    async with stub(round(3 * seconds / gap), gap) as url, service(url, DIFY_FIRST_EVENT_TIMEOUT="60") as server:
        clients = await connect(server.port, count)
        askers = [Asker(client, 1) for client in clients[::ANSWERED]]
        for asker in askers:
            asker.ask()
            await asyncio.sleep(gap / len(askers))
        await asyncio.sleep(2 * gap)
        cpu, frames = server.cpu_seconds, _frames(askers)
        await asyncio.sleep(seconds)
        figures = (server.cpu_seconds - cpu) / (_frames(askers) - frames) * 1e6, server.resident_kib / 1024
        leave(clients)
        return figures


def _frames(askers):
    """A token each, nearly always, at this pace."""
    return sum(len(asker.held) for asker in askers)


def draw(points):
    """`points` are (clients, ms for a thousand tokens, MiB)."""
    machine = report.machine()
    on = f"{machine['processor']}, one core for the server, Python {machine['python']}"
    charts = [
        _chart(0, "CPU time for 1,000 tokens, ms", [(count, cpu) for count, cpu, _ in points]),
        _chart(WIDTH + 20, "resident memory, MiB", [(count, memory) for count, _, memory in points]),
    ]
    width = 2 * WIDTH + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT + 20}" role="img"'
        f' aria-label="Cost against the number of clients"><style>{STYLE}</style>\n'
        + "\n".join(charts)
        + f'\n<text x="{LEFT}" y="{HEIGHT + 14}">{on}</text></svg>\n'
    )


def _chart(left, title, points):
    most_x, most_y = max(x for x, _ in points), max(y for _, y in points) * 1.15
    across, up = WIDTH - LEFT - 30, HEIGHT - BOTTOM - TOP
    places = [(left + LEFT + x / most_x * across, HEIGHT - BOTTOM - y / most_y * up, x, y) for x, y in points]
    corner = f"{left + LEFT},{TOP} {left + LEFT},{HEIGHT - BOTTOM} {left + WIDTH - 30},{HEIGHT - BOTTOM}"
    marks = [f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y, _, _ in places]
    labels = [
        f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{value:,.0f}</text>' for x, y, _, value in places[-3:]
    ]
    counts = [
        f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{count:,}</text>'
        for x, _, count, _ in places[-3:]
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in places)
    return "\n".join(
        [
            f'<text class="title" x="{left + LEFT}" y="20">{title}</text>',
            f'<polyline class="axis" fill="none" points="{corner}"/>',
            f'<polyline class="line" points="{line}"/>',
            *marks,
            *labels,
            *counts,
            f'<text x="{left + WIDTH - 30}" y="{HEIGHT - BOTTOM + 32}" text-anchor="end">clients</text>',
        ]
    )


async def main():
    points = []
    for count in CLIENTS:
        points.append((count, *await measure(count)))
        print("{:>6,} clients: {:.1f} ms for 1,000 tokens, {:.0f} MiB".format(*points[-1]))
    return points


if __name__ == "__main__":
    os.sched_setaffinity(0, OTHER_CORES)
    Path(sys.argv[1]).write_text(draw(uvloop.run(main())))
