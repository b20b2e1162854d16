import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestSyntaxError } from "../../lib/errors.ts";
import { parseSmil } from "../../lib/manifest/smil.ts";
import { paramValue, readSmilTracks } from "../../lib/manifest/smil_track.ts";

const refusal = (message: RegExp) => (error: Error) =>
  error instanceof ManifestSyntaxError && message.test(error.message);

const read = (body: string) =>
  readSmilTracks(parseSmil(`<smil><body><switch>${body}</switch></body></smil>`, "x"), "x");

const readTest = suite("readSmilTracks");

const trackId = '<param name="trackID" value="1"/>';

readTest("reads every field", () => {
  const params = [
    ["trackID", "3"],
    ["trackName", "ads"],
    ["timescale", "90000"],
    ["parentTrackName", "video"],
    ["manifestOutput", "true"],
    ["systemBitrate", "1"],
    ["systemLanguage", "deu"],
    ["hardwareProfile", "10000"],
    ["urn_x", " kept "],
  ].map(([name, value]) => `<param name="${name}" value="${value}" valuetype="data"/>`).join("");
  const body = `<textstream src="a.ismt" systemBitrate="64" systemLanguage="eng">${params}`;
  assert.equal(read(`${body}</textstream>`), [{
    kind: "textstream",
    src: "a.ismt",
    systemBitrate: 64,
    systemLanguage: "eng",
    trackId: 3,
    trackName: "ads",
    timescale: 90_000,
    parentTrackName: "video",
    manifestOutput: true,
    params: [{ name: "hardwareProfile", value: "10000" }, { name: "urn_x", value: " kept " }],
  }]);
});

const spellings = [
  { attribute: "timescale", param: '<param name="timescale" value="90000" valuetype="data"/>' },
  { attribute: "timeScale", param: '<param name="timeScale" value="90000" valueType="data"/>' },
  { attribute: "TIMESCALE", param: '<PARAM NAME="TIMESCALE" VALUE=" 90000 "/>' },
  {
    attribute: "two of them",
    param: '<param name="timescale" value="90000"/><param name="timeScale" value="1"/>',
  },
];
for (const { attribute, param } of spellings) {
  readTest(`knows the spelling ${attribute}`, () => {
    const [track] = read(`<video src="a" systemBitrate="1">${trackId}${param}</video>`);
    assert.is(track?.timescale, 90_000);
    assert.equal(track?.params, []);
  });
}

for (const value of ["true", "TRUE", "1"]) {
  readTest(`reads manifestOutput ${value}`, () => {
    const param = `<param name="manifestOutput" value="${value}"/>`;
    assert.is(read(`<textstream>${trackId}${param}</textstream>`)[0]?.manifestOutput, true);
  });
}

readTest("leaves open what is missing or blank", () => {
  const params = `${trackId}<param name="trackName" value=""/><param name="timescale" value=" "/>`;
  const [track] = read(`<audio systemBitrate="1" systemLanguage="">${params}</audio>`);
  assert.equal(
    [track?.src, track?.trackName, track?.timescale, track?.systemLanguage],
    [undefined, undefined, undefined, undefined],
  );
});

readTest("takes the bitrate from a param where the attribute is missing", () => {
  const param = '<param name="systemBitrate" value="5000"/>';
  assert.is(read(`<audio>${trackId}${param}</audio>`)[0]?.systemBitrate, 5000);
});

readTest("lets text go without a bitrate", () => {
  assert.is(read(`<textstream>${trackId}</textstream>`)[0]?.systemBitrate, 0);
});

readTest("finds tracks wherever they stand in the body, in order", () => {
  const body =
    `<par><Video systemBitrate="1">${trackId}</Video></par><x/><textstream>${trackId}</textstream>`;
  assert.equal(read(body).map(({ kind }) => kind), ["video", "textstream"]);
});

const video = (inside: string) => `<video systemBitrate="1">${inside}</video>`;
const wrong = [
  { body: video(""), message: /^Cannot read trackID of track 1 as a whole .* is undefined$/ },
  { body: video('<param name="trackID"/>'), message: /trackID of track 1/ },
  { body: video('<param name="trackID" value="x"/>'), message: /current value is "x"$/ },
  { body: video('<param name="trackID" value="0"/>'), message: /from 1 to 4294967295/ },
  { body: video('<param name="trackID" value="4294967296"/>'), message: /trackID/ },
  { body: video(`${trackId}<param name="timescale" value="0"/>`), message: /timescale of track 1/ },
  { body: video(`${trackId}<param name="timescale" value="-1"/>`), message: /timescale/ },
  { body: video(`${trackId}<param name="timescale" value="1e7"/>`), message: /timescale/ },
  { body: video(trackId) + video(""), message: /trackID of track 2/ },
  { body: `<video>${trackId}</video>`, message: /systemBitrate of track 1 .* is undefined$/ },
  { body: `<video systemBitrate="-5">${trackId}</video>`, message: /current value is "-5"$/ },
  { body: `<audio systemBitrate="64k">${trackId}</audio>`, message: /current value is "64k"$/ },
  { body: "", message: /^Cannot read the document as a x as it must list .* is 0 tracks$/ },
  { body: "<img/>", message: /0 tracks$/ },
];
for (const { body, message } of wrong) {
  readTest(`refuses ${JSON.stringify(body)}`, () => {
    assert.throws(() => read(body), refusal(message));
  });
}

readTest.run();

const paramTest = suite("paramValue");
const params = [
  { name: "width", value: "640" },
  { name: "MaxHeight", value: " " },
  { name: "height", value: " 360 " },
];

paramTest("takes the first name that has a value", () => {
  assert.is(paramValue(params, "MaxWidth", "Width"), "640");
  assert.is(paramValue(params, "MaxHeight", "height"), "360");
  assert.is(paramValue(params, "MaxHeight"), undefined);
  assert.is(paramValue(params), undefined);
});

paramTest.run();
