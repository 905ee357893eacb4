// Speaking and listening. What the page promises is described in ../chat.js.

export function mountVoice() {}
