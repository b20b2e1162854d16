import { suite } from "uvu";
import * as assert from "uvu/assert";
import { resolve } from "node:path";
import { InputError } from "../../lib/errors.ts";
import { fileName, isSameLocation, isUrl, locate, shown } from "../../lib/source/location.ts";

const urlTest = suite("isUrl");

const inputs = [
  { input: "http://host/a.ism", is: true },
  { input: "HTTPS://host/a.ism", is: true },
  { input: "http:/host/a.ism", is: false },
  { input: "ftp://host/a.ism", is: false },
  { input: "file:///a.ism", is: false },
  { input: "/a/http://b.ism", is: false },
  { input: "C:\\a.ism", is: false },
];
for (const { input, is } of inputs) {
  urlTest(`takes ${input} for a ${is ? "URL" : "path"}`, () => assert.is(isUrl(input), is));
}

const locateTest = suite("locate");

const paths = [
  { path: "b.ismv", expected: "media/b.ismv" },
  { path: "sub/b.ismv", expected: "media/sub/b.ismv" },
  { path: "sub\\b.ismv", expected: "media/sub/b.ismv" },
  { path: ".\\b.ismv", expected: "media/b.ismv" },
  { path: "../b.ismv", expected: "b.ismv" },
];
for (const { path, expected } of paths) {
  locateTest(`finds the path ${path} beside its manifest`, () => {
    assert.is(locate("media/a.ism", path), resolve(expected));
  });
}

const BASE = "http://user:secret@host:8080/media/a.ism";
const CREDENTIALS = "http://user:secret@host:8080/media/";
const urls = [
  { path: "b.ismv", expected: `${CREDENTIALS}b.ismv` },
  { path: "sub\\b c.ismv", expected: `${CREDENTIALS}sub/b%20c.ismv` },
  { path: "sub/../b.ismv", expected: `${CREDENTIALS}b.ismv` },
  { path: "/media/b.ismv", expected: `${CREDENTIALS}b.ismv` },
  { path: "b.ismv?x=1", expected: `${CREDENTIALS}b.ismv?x=1` },
];
for (const { path, expected } of urls) {
  locateTest(`finds ${path} behind a URL`, () => assert.is(locate(BASE, path), expected));
}

const outside = [
  "../b.ismv",
  "..\\b.ismv",
  "sub/../../b.ismv",
  ".%2e/b.ismv",
  "%2E%2e/b.ismv",
  "..%2fb.ismv",
  "%2e%2e%5cb.ismv",
  "/b.ismv",
  "//other/media/b.ismv",
  "http://other/media/b.ismv",
  "https://user:secret@host:8080/media/b.ismv",
  "file:///b.ismv",
  "http://[/b.ismv",
  "data:,x",
  ".\t./b.ismv",
];
for (const path of outside) {
  locateTest(`does not leave the folder of a URL by ${JSON.stringify(path)}`, () => {
    assert.throws(
      () => locate(BASE, path),
      (error: unknown) =>
        error instanceof InputError && error.input === "http://host:8080/media/a.ism" &&
        error.message ===
          `http://host:8080/media/a.ism: Cannot read the files it names as they must lie in its own folder: current value is "${path}"`,
    );
  });
}

const shownTest = suite("shown");

const shownUrls = [
  { location: "http://user:secret@host/a.ism", expected: "http://host/a.ism" },
  { location: "HTTPS://user@host/a@b.ism", expected: "HTTPS://host/a@b.ism" },
  { location: "http://us@er:sec@ret@host/", expected: "http://host/" },
  { location: "http://user:secret@", expected: "http://" },
  { location: "http://host/a.ism?mail=a@b", expected: "http://host/a.ism?mail=a@b" },
  { location: "/a@b/c.ism", expected: "/a@b/c.ism" },
];
for (const { location, expected } of shownUrls) {
  shownTest(`shows ${expected}`, () => assert.is(shown(location), expected));
}

const nameTest = suite("fileName");

const names = [
  { path: "/a/b.ismv", name: "b.ismv" },
  { path: "a\\b.ismv", name: "b.ismv" },
  { path: "b.ismv", name: "b.ismv" },
  { path: "http://host/a/b.ismv?x=/y#/z", name: "b.ismv" },
];
for (const { path, name } of names) {
  nameTest(`of ${path} is ${name}`, () => assert.is(fileName(path), name));
}

const sameTest = suite("isSameLocation");

const pairs = [
  { a: "a.ismv", b: "./a.ismv", is: true },
  { a: "sub/../a.ismv", b: "a.ismv", is: true },
  { a: "sub\\a.ismv", b: "sub/a.ismv", is: true },
  { a: "a.ismv", b: "sub/a.ismv", is: false },
  { a: "http://HOST/x/../a.ismv", b: "http://host/a.ismv", is: true },
  { a: "http://host/a.ismv", b: "a.ismv", is: false },
  { a: "http://[/a.ismv", b: "a.ismv", is: false },
];
for (const { a, b, is } of pairs) {
  sameTest(`of ${a} and ${b}: ${is}`, () => assert.is(isSameLocation(a, b), is));
}

urlTest.run();
locateTest.run();
shownTest.run();
nameTest.run();
sameTest.run();
