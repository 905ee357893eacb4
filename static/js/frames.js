// The frames by which a turn of turn-queue.js is asked for. Pure.

/** What has no value is left out of JSON. */
export function questionFrame({ id, question, files, inputs }, conversation) {
  return {
    type: "chat",
    id,
    content: question,
    stream: true,
    events: true,
    conversation_id: conversation,
    inputs,
    files: files.length ? files.map(asInput) : undefined,
  };
}

/** How Dify is told of an uploaded {id, kind}. */
export const asInput = ({ id, kind }) => ({ type: kind, transfer_method: "local_file", upload_file_id: id });
