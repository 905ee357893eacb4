// At most one call in the tabs of a browser: each would hear what the other says.

const CHANNEL = "dify-live:call";

/** `onOther()` is called when a call begins in another tab; never, where tabs cannot tell each other. */
export function createSoleCall(onOther) {
  let channel = null;

  function begin() {
    end();
    if (!globalThis.BroadcastChannel) return;
    channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = onOther;
    channel.postMessage("begins");
  }

  function end() {
    channel?.close();
    channel = null;
  }

  return { begin, end };
}
