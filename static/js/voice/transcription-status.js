// One line about recordings that are being written down, or cannot be for now.

import { button, element } from "../elements.js";
import { clear, say } from "../i18n.js";

/** Its `show` is to be told what `onChange` of transcriber.js tells. */
export function createTranscriptionStatus({ tryAgain, discard }) {
  const [reason, words] = [element("span"), element("span")];
  const buttons = [button("call.again", tryAgain, "plain"), button("voice.discard", discard, "plain")];
  const row = element("span", "", ...buttons);
  const node = Object.assign(element("p", "note writing", reason, words, row), { hidden: true });
  node.setAttribute("role", "status");

  function show({ isWriting, why }) {
    node.hidden = !isWriting && !why;
    if (why) say(reason, ...why);
    else clear(reason);
    say(words, why ? "voice.kept" : "voice.writing");
    for (const each of buttons) each.hidden = !why;
  }

  return { node, show };
}
