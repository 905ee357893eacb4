// The page's access token: asked for, shared, renewed and refused, on a clock of the test's own.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { createAccess, subjectOf } from "../../../static/js/access-token.js";

let access, asked, came;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  [asked, came] = [0, []];
  access = createAccess({ ask: () => ++asked, onToken: (token) => came.push(token) });
});
afterEach(() => mock.timers.reset());

const because = (reason) => (error) => error.reason === reason;

test("many who ask at once share one answer, and later ones have it", async () => {
  const waiting = [access.current(), access.renew(), access.current()];
  assert.equal(asked, 1);
  access.receive("one");
  assert.deepEqual(await Promise.all([...waiting, access.current()]), ["one", "one", "one", "one"]);
  assert.deepEqual([asked, came], [1, ["one"]]);
});

test("what the site has not, or is no token, is told; and it is asked again", async () => {
  for (const nothing of [undefined, null, "", 7, { token: "one" }, ["one"]]) {
    const answer = access.current();
    access.receive(nothing);
    await assert.rejects(answer, because("signed_out"));
  }
  assert.deepEqual([asked, came], [6, []]);
});

test("a site that does not answer is given up after ten seconds; what comes later is taken", async () => {
  const answer = access.current();
  mock.timers.tick(10_000);
  await assert.rejects(answer, because("signed_out"));
  access.receive("late");
  assert.equal(await access.current(), "late");
  assert.deepEqual(came, ["late"]);
});

test("a page that stands alone says so", async () => {
  await assert.rejects(createAccess({ ask: () => false }).current(), because("no_site"));
});

test("another token replaces the one before, asked for or not; the same one is no news", async () => {
  access.receive("one");
  const renewed = access.renew();
  access.receive("one");
  assert.equal(await renewed, "one");
  access.receive("two");
  assert.equal(await access.current(), "two");
  assert.deepEqual([asked, came], [1, ["one", "two"]]);
});

test("a token that was taken once is merely too old; another is refused, with a reason", async () => {
  access.receive("one");
  access.accepted();
  assert.equal(access.refused(), undefined);
  const answer = access.current();
  assert.equal(asked, 1);
  access.receive("one");
  assert.equal(await answer, "one");
  assert.equal(access.refused(), "token_invalid");
});

test("whom a token is for can be read, and nothing from what is none", () => {
  const tokenFor = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;
  assert.equal(subjectOf(tokenFor({ sub: "mia?>~ü" })).slice(0, 6), "mia?>~");
  assert.notEqual(subjectOf(tokenFor({ sub: "mia" })), subjectOf(tokenFor({ sub: "ben" })));
  for (const none of ["", "a", "a.b.c", "a..c", "e30.W10.x"]) assert.equal(subjectOf(none), undefined);
});
