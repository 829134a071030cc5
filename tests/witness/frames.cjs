// Reads and writes event-stream frames with AWS's own codec. stdin: {"read": [hex], "write": [[headers, hex]]},
// stdout: {"read": [[headers, hex]], "written": [hex]}. Headers: name -> {type, value}.
const { EventStreamCodec, Int64 } = require("@smithy/eventstream-codec");
const { fromUtf8, toUtf8 } = require("@smithy/util-utf8");

const codec = new EventStreamCodec(toUtf8, fromUtf8);
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (data) => Buffer.from(data).toString("hex");

const incoming = {
  long: (value) => Int64.fromNumber(value),
  binary: bytes,
  timestamp: (value) => new Date(value),
};

function headersIn(headers) {
  const known = (type) => incoming[type] ?? ((value) => value);
  return Object.fromEntries(
    Object.entries(headers).map(([name, { type, value }]) => [name, { type, value: known(type)(value) }]),
  );
}

function headersOut(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, { type, value }]) => [name, { type, value: String(value) }]));
}

const task = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const read = task.read.map((data) => codec.decode(bytes(data))).map(({ headers, body }) => [headersOut(headers), hex(body)]);
const written = task.write.map(([headers, body]) => hex(codec.encode({ headers: headersIn(headers), body: bytes(body) })));
console.log(JSON.stringify({ read, written }));
