// What a page starts: see review.js for an encounter, list.js for the work list.

import { startList } from "./list.js";
import { startReview } from "./review.js";

const START = { encounter: startReview, list: startList };
START[document.body.dataset.page]?.();
document.body.dataset.ready = "";
