export { zh as default } from "../words.js";
