// How long nobody has used the page, and when it is asked whether somebody is still there. Knows no DOM.

export const USUAL_SECONDS = 90;
const [LEAST_SECONDS, MOST_SECONDS] = [15, 3_600];
const ANSWER_SECONDS = 20; // to say that one is there
const UNATTENDED_SECONDS = 600; // so long at most an answer, or a voice that asks nothing, counts as use

/** What `kiosk=` says, within limits; the usual where that is no number. */
export function periodOf(text) {
  const seconds = text?.trim() ? Number(text) : NaN;
  if (Number.isFinite(seconds)) return Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, seconds));
  return USUAL_SECONDS;
}

/**
 * `now()` gives two clocks, in milliseconds: one that goes on while the machine sleeps, but may be set, and one that
 * may not: the longer time counts. `onAsk(left)` is called each second while it is asked, `onBack()` when somebody
 * is there after that, `onOver()` when nobody is.
 */
export function createIdleWatch({ seconds, now, onAsk, onBack, onOver }) {
  let usedAt, presentAt;
  let left = null; // seconds, while it is asked

  const since = (at) => Math.max(...now().map((time, clock) => time - at[clock])) / 1_000;

  /** A person does something. */
  function used() {
    usedAt = presentAt = now();
    stopAsking();
  }

  function stopAsking() {
    if (left === null) return;
    left = null;
    onBack();
  }

  /** Once a second. `isBusy`: an answer is being written or spoken, or somebody speaks. */
  function tick(isBusy) {
    if (isBusy && since(presentAt) < UNATTENDED_SECONDS) {
      usedAt = now();
      stopAsking();
    }
    if (left === null && since(usedAt) < seconds) return;
    left = left === null ? ANSWER_SECONDS : left - 1; // counted, so that a clock which is set takes nobody's time
    if (left > 0) return onAsk(left);
    left = null;
    onOver();
  }

  used();
  return { used, tick };
}
