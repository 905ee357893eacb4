// The fields of forms, as Dify describes them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fieldsOfApp, fieldsOfForm, placed, read, startOf, withoutPlaces } from "../../../static/js/fields.js";

const field = (type, more) => fieldsOfApp([{ [type]: { variable: "x", ...more } }])[0];
const form = (...names) => fieldsOfForm(names.map((name) => ({ name, type: "paragraph" })));
const pieces = (content, fields) => placed(content, fields).map((piece) => piece.name ?? [piece]);

test("a field stands where the content has a place for it, and below where it has none", () => {
  const content = "One {{#$output.a#}} two.\n\n{{#$output.b#}}\n\n{{#$output.a#}}{{#$output.gone#}}three";
  assert.deepEqual(pieces(content, form("a", "b", "c")), [["One "], "a", [" two.\n\n"], "b", ["three"], "c"]);
  assert.deepEqual(pieces("", form("a")), ["a"]);
  assert.deepEqual(pieces("Words.", []), [["Words."]]);
  assert.equal(withoutPlaces("One {{#$output.a#}}two {{#other#}}"), "One two {{#other#}}");
});

test("what cannot be asked for has no type, and what Dify fetches by itself is no field", () => {
  assert.equal(field("checkbox").type, "checkbox");
  assert.equal(field("new kind").type, "");
  assert.equal(field("file", { allowed_file_upload_methods: ["remote_url"] }).type, "");
  assert.equal(field("file", { allowed_file_upload_methods: ["remote_url", "local_file"] }).type, "file");
  assert.equal(field("external_data_tool"), undefined);
  assert.equal(fieldsOfForm([{ name: "a", type: "new kind" }])[0].type, "text-input");
});

test("a field without a label is called by its name", () => {
  assert.equal(field("number", { label: "" }).title, "x");
  assert.equal(field("number", { label: "Age" }).title, "Age");
});

test("a field begins with what was in it before, or with its default", () => {
  const begins = (type, value, kept) => startOf({ ...field(type, { options: ["a"] }), value }, kept);
  assert.equal(begins("text-input", "d"), "d");
  assert.equal(begins("text-input", "d", ""), "");
  assert.equal(begins("number", 0), "0");
  assert.equal(begins("number", null), "");
  assert.equal(begins("json_object", { a: 1 }), '{"a":1}');
  assert.equal(begins("select", "b"), "");
  assert.equal(begins("select", "a"), "a");
  for (const value of [true, "true", 1]) assert.equal(begins("checkbox", value), true);
  for (const value of [false, "false", 0, null, undefined]) assert.equal(begins("checkbox", value), false);
  assert.deepEqual(begins("file", "name.pdf"), []);
  assert.deepEqual(begins("file-list", null, [{ id: "1", kind: "image" }]), [{ id: "1", kind: "image" }]);
});

test("what is entered is sent as Dify wants it", () => {
  assert.deepEqual(read(field("number"), "4.5"), { value: 4.5 });
  assert.deepEqual(read(field("text-input"), "4.5"), { value: "4.5" });
  assert.deepEqual(read(field("checkbox", { required: true }), false), { value: false });
  assert.deepEqual(read(field("json_object"), '{"a": [1]}'), { value: { a: [1] } });
  for (const text of ["[1]", "1", "null", "{a: 1}"]) {
    assert.deepEqual(read(field("json_object"), text), { problem: "field.json" });
  }
  assert.deepEqual(read(field("number"), "much"), { problem: "field.number" });
});

test("nothing is sent for an empty field, unless it is required", () => {
  for (const type of ["text-input", "number", "select", "json_object"]) {
    assert.deepEqual(read(field(type), ""), {});
    assert.deepEqual(read(field(type, { required: true }), ""), { problem: "field.missing" });
  }
  assert.deepEqual(read(field("file", { required: true }), []), { problem: "field.missing" });
});

test("a file is named by its id, and is custom where its own kind is not taken", () => {
  const files = [{ id: "1", kind: "document", name: "a.xyz" }];
  const named = (type) => ({ type, transfer_method: "local_file", upload_file_id: "1" });
  assert.deepEqual(read(field("file"), files), { value: named("document") });
  assert.deepEqual(read(field("file-list", { allowed_file_types: ["custom"] }), files), { value: [named("custom")] });
  const both = { allowed_file_types: ["document", "custom"] };
  assert.deepEqual(read(field("file-list", both), files), { value: [named("document")] });
});
