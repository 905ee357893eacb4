export { en as default } from "../words.js";
