"""Short sequences that went wrong once, through processes joined by a Redis."""

import pytest

from tests.model.stage import set_up
from tests.model.test_model import readable

ASKED = "connect A1 0; connect A2 1; ask A1"
SEQUENCES = (
    f"{ASKED} slow stream; wait 0.6; resume_stop A2 slow 0 known",
    f"{ASKED} endless stream; wait 0.5; stop A2 endless; wait 3",
    f"{ASKED} endless stream; wait 0.5; stop_all A2; wait 3",
    f"{ASKED} endless stream; wait 0.5; redis cut 0; stop A2 endless; wait 3",
    f"{ASKED} slow stream; wait 0.4; redis flush 0; resume A2 slow 1 known",
    f"{ASKED} slow stream; wait 0.2; resume A2 slow 1 known; wait 0.3; redis flush 0; wait 1; resume A2 slow 1 known",
    f"{ASKED} slow stream; wait 0.2; resume A2 slow 1 known; wait 0.3; redis restart 0",
    f"{ASKED} slow stream; wait 0.2; redis restart 2; resume A2 slow 1 known",
    f"{ASKED} slow stream; wait 0.2; redis pause 5; resume A2 slow 1 known",
    f"{ASKED} slow stream; wait 0.2; resume A2 slow 1 known; redis failover 0.5",
    f"{ASKED} slow stream; wait 0.2; redis cut 0; resume A2 slow 1 known",
    f"{ASKED} slow stream; wait 0.2; resume A2 slow 1 known; redis clock 40; wait 2",
    f"{ASKED} kept stream; wait 0.5; resume A2 kept 0 known; wait 0.3; kill 0",
    "connect A1 0; kill 1; redis delete 0; wait 1; connect A2 1",
)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("redis")  # which skips where none is installed
async def test_nothing_of_this_goes_wrong_again(tmp_path):
    async with set_up(tmp_path, 2) as stage:
        for sequence in SEQUENCES:
            world = await stage.run(sequence.split("; "))
            assert world.violations == [], readable(world)
