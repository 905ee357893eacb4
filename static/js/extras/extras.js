// What makes the conversation handier, once it can be held without: loaded after the page.

import { hasKeyboard, loadStyle } from "../elements.js";
import { learn } from "../i18n.js";
import { watchAttention } from "./attention.js";
import { colourCode } from "./code-colours.js";
import { mountDislikeReasons } from "./dislike-reason.js";
import { mountEditing } from "./edit-question.js";
import { mountMenu } from "./menu.js";
import { linkSources } from "./source-marks.js";
import { words } from "./translations.js";

learn(words);

/** `page` is {queue, composer, api, newConversation}: those of chat.js. What ended before is looked at, too. */
export function mountExtras(page) {
  const { queue } = page;
  loadStyle("extras");
  watchAttention();
  if (hasKeyboard) mountEditing(page);
  mountMenu(page);
  mountDislikeReasons(page);

  function finish(turn) {
    const article = document.querySelector(`.answer[data-id="${turn.id}"]`);
    if (!article) return;
    colourCode(article);
    linkSources(article, turn.citations ?? []);
  }

  for (const turn of queue.turns) if (!["waiting", "asked"].includes(turn.status)) finish(turn);
  document.addEventListener("turn:ended", ({ detail }) => finish(detail));
}
