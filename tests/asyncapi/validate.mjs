// Reads an AsyncAPI document, and writes the faults that the official parser finds, a line each.

import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const WARNING = 1; // severities of diagnostics: 0 is an error

const diagnostics = await new Parser().validate(readFileSync(0, "utf8"));
for (const { severity, path, message } of diagnostics) if (severity < WARNING) console.log(path.join("."), message);
