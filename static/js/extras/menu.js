// A button in the header, and what it leads to: the conversation to be kept, copied and printed, and the page's keys.

import { wordsOf } from "../answer.js";
import { isComposing } from "../composer.js";
import { button, copyBy, element, iconButton } from "../elements.js";
import { label, language, say, t } from "../i18n.js";
import { SHORTCUTS, shortcutOf } from "./shortcuts.js";
import { transcriptText } from "./transcript-text.js";

export function mountMenu({ queue, composer, newConversation }) {
  const title = () => document.querySelector("h1").textContent;
  const opener = Object.assign(iconButton("dots", "more", open), { id: "more" });
  const says = { "key.field": composer.focus, "key.new": startOver, "key.copy": copyLast, "key.list": open };

  function startOver() {
    if (queue.turns.length) newConversation();
  }

  function copyLast() {
    [...document.querySelectorAll(".answer .buttons > button:first-child")].at(-1)?.click();
  }

  function open() {
    if (document.querySelector("dialog[open]")) return;
    const [copies, close] = [button("more.copy", () => copyBy(copies, text(), "more.copy")), button("close", shut)];
    const prints = "print" in window ? [button("more.print", print)] : []; // not in Firefox for Android
    const keep = [button("more.save", save), copies, ...prints];
    for (const each of keep) each.disabled = !queue.turns.length;
    const heading = say(element("h2"), "more");
    const keys = say(element("h3"), "more.shortcuts");
    const dialog = element("dialog", "inputs more", heading, element("div", "row", ...keep), keys, listOf(SHORTCUTS), close);
    Object.assign(dialog, { onclose: () => dialog.remove(), onkeydown: (event) => event.stopPropagation() });
    document.body.append(label(dialog, "more"));
    dialog.showModal();

    function shut() {
      dialog.close();
    }

    function print() {
      shut();
      window.print?.();
    }
  }

  function text() {
    const names = { question: t("saved.question"), answer: t("saved.answer") };
    const format = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" });
    return transcriptText(queue.turns, { title: title(), names, wordsOf, timeOf: ({ at }) => format.format(at) });
  }

  function save() {
    const href = URL.createObjectURL(new Blob([text()], { type: "text/markdown" }));
    const day = new Date().toISOString().slice(0, 10);
    Object.assign(element("a"), { href, download: `${title()} ${day}.md` }).click();
    setTimeout(URL.revokeObjectURL, 1_000, href);
  }

  function pressed(event) {
    const act = isComposing(event) ? undefined : says[shortcutOf(event)];
    if (!act || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    event.stopPropagation(); // Escape stops an answer elsewhere
    act();
  }

  document.getElementById("language").before(opener);
  document.addEventListener("keydown", pressed, true);
}

function listOf(shortcuts) {
  const rows = shortcuts.flatMap(({ keys, name }) => [
    element("dt", "", ...keys.map((key) => element("kbd", "", key))),
    say(element("dd"), name),
  ]);
  return element("dl", "", ...rows);
}
