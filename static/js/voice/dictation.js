// Dictation: what is said goes into the field.

import { iconButton } from "../elements.js";
import { createSpeechInput } from "./speech-input.js";
import { after, joined } from "./phrases.js";

/** `show(why)` says how it goes; `beforeStart()` is called at each start. */
export function createDictation({ app, transcriber, composer, show, beforeStart }) {
  const button = iconButton("microphone", "dictate", () => (session ? stop() : start()));
  button.id = "dictate";
  let session = null;

  function start() {
    beforeStart();
    use(createSession());
    session.start();
  }

  function use(other) {
    session = other;
    button.setAttribute("aria-pressed", Boolean(session));
  }

  /** What is written down late goes where the field ends by then. */
  function createSession() {
    let heard = "";
    let known = ""; // what was heard before the field was changed
    let before = composer.text(); // what stood in the field
    let filled = before; // and what was made of it

    /** Who changes the field meanwhile goes on from there. */
    function onResults(results) {
      const now = composer.text();
      if (now !== filled) [before, known] = [now, heard];
      heard = results.reduce((text, result) => joined(text, result.text), "");
      filled = joined(before, after(heard, known));
      if (filled !== now) composer.fill(filled);
    }

    const on = { onResults, onDoing: show, onError: ended };
    const input = createSpeechInput({ app, transcriber, meter: button, ...on });
    return { ...input, hasHeard: () => Boolean(heard), isSent: () => filled && !composer.text() };
  }

  async function stop() {
    const ending = session;
    ended("");
    await ending.stop();
    if (session) return;
    show(ending.hasHeard() ? "" : "nothing");
    composer.focus();
  }

  /** What was recorded by now is still written down. */
  function leave() {
    session?.stop();
    if (session) ended("");
  }

  /** A question was sent. If it is what was in the field, what is heard late does not belong to the next one. */
  function sent() {
    if (!session?.isSent()) return;
    if (session.mode() === "recognition") session.abort();
    leave();
  }

  function ended(why) {
    use(null);
    show(why);
  }

  use(null);
  return { button, leave, sent };
}
