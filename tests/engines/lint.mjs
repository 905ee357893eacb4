// Says what the page uses that one of the oldest browsers lacks. Ends with 1 if there is anything.

import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

import { ESLint } from "eslint";

import { cssFaults } from "./css-faults.mjs";
import { htmlFaults } from "./html-faults.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const NICETIES = [
  "accent-color", "cursor", "forced-colors", "overscroll-behavior", "resize", "text-wrap",
]; // the page is whole without them

const eslint = new ESLint({ cwd: ROOT, overrideConfigFile: `${ROOT}tests/engines/eslint.config.mjs` });

/** What is wrong with the text of a file, its path from the top of the repository: a list of sentences. */
export async function faultsOf(path, text) {
  if (path.endsWith(".css")) return cssFaults(text, NICETIES).map(sentence);
  if (path.endsWith(".html")) return htmlFaults(text).map(sentence);
  const [{ messages }] = await eslint.lintText(text, { filePath: path });
  const faults = messages.map(({ line, message }) => `${line}: ${message}`);
  return path.endsWith("embed.js") ? [...faults, ...declarationsIn(text).flatMap(declarationFaults)] : faults;
}

const sentence = ({ line, name, browsers }) => `${line}: ${name}: not in ${browsers.join(", ")}`;

/** The styles of the bubble: templates that hold declarations. */
const declarationsIn = (script) => Array.from(script.matchAll(/`([^`]*: [^`]*;[^`]*)`/g), ([, text]) => text);

function declarationFaults(template) {
  const text = template.replace(/\$\{[^}]*\}(?=:)/g, "left").replace(/\$\{[^}]*\}/g, "");
  return cssFaults(text, NICETIES, "declarationList").map(sentence);
}

async function lint() {
  const files = ["static", "templates"].flatMap((folder) =>
    readdirSync(ROOT + folder, { recursive: true }).map((name) => `${folder}/${name}`),
  );
  let count = 0;
  for (const path of files.filter((name) => /\.(css|html|js)$/.test(name))) {
    for (const fault of await faultsOf(path, readFileSync(ROOT + path, "utf8"))) {
      console.log(`${path}:${fault}`);
      count++;
    }
  }
  console.log(`${count} faults in ${files.length} files`);
  process.exitCode = Math.min(count, 1);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await lint();
