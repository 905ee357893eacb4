// Answers that wait for a person, and how they go on.

/**
 * `transcript` is the page's; `after()` is called when a person did something, `onDropped(turn)` when nothing followed.
 */
export function createPauses({ queue, transcript, after, onDropped }) {
  const pauseOf = (turn) => transcript.answerOf(turn);

  /** Returns the id of the turn that follows. */
  function decide(turn, decision) {
    const id = queue.goOn(turn, decision);
    pauseOf(turn).update();
    after();
    return id;
  }

  /** Asks how it went on; `turn` may be one that followed, and broke off. */
  function look(turn) {
    queue.goOn(turn.follows ? queue.find(turn.follows) : turn);
    after();
  }

  /** After a reload: somebody may have decided meanwhile. */
  function lookAtAll() {
    const isOpen = ({ status, continuation, decision }) => status === "paused" && continuation && !decision;
    for (const turn of queue.turns.filter(isOpen)) queue.goOn(turn);
  }

  function started({ follows }) {
    if (follows) pauseOf(queue.find(follows)).update();
  }

  function dropped(turn, paused, isOther) {
    pauseOf(paused).update(isOther);
    onDropped(turn);
  }

  const isShown = ({ follows, isBegun }) => !follows || isBegun;
  const latest = () => pauseOf(queue.turns.filter(isShown).at(-1));

  return {
    ...{ decide, look, lookAtAll, started, dropped },
    choices: () => latest().choices().map(({ title }) => title),
    choose: (at) => latest().choose(latest().choices()[at]),
  };
}
