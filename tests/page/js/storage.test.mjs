// What a tab keeps, where several services are under one host.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load, save } from "../../../static/js/storage.js";

const kept = new Map();
globalThis.sessionStorage = {
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, value) => kept.set(name, value),
};

const at = (path) => (globalThis.location = new URL(path, "https://chat.example"));

test("services under different paths of one host keep their conversations apart", () => {
  at("/wards/7/chat?embed=1");
  save("token", "seven");
  at("/wards/8/chat");
  assert.equal(load("token", "none"), "none");
  save("token", "eight");
  at("/wards/7/chat?lang=en");
  assert.equal(load("token", "none"), "seven");
});

test("at the root of a host the names are those of older versions", () => {
  at("/chat");
  kept.set("dify-live:token", '"older"');
  assert.equal(load("token", "none"), "older");
});
