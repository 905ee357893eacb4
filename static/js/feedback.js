// What comes after an answer: its rating, and what could be asked next.

/** `transcript` is the page's; `onRated(turn)` is called when a rating was taken. */
export function createFeedback({ api, queue, transcript, onRated }) {
  /** Nice to have: where it fails, nobody needs to know. */
  async function suggestAfter(turn, ask) {
    const questions = await api.suggested(turn.message_id).catch(() => []);
    if (questions.length && queue.turns.at(-1) === turn) transcript.suggest(questions, ask);
  }

  async function rate(turn, rating) {
    try {
      await api.rate(turn.message_id, rating);
    } catch (error) {
      transcript.notice(error);
      return false;
    }
    queue.save();
    onRated(turn);
    return true;
  }

  return { suggestAfter, rate };
}
