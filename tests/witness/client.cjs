// Sends a body through AWS's published client and reads an answer stream with it, without a network.
// stdin: {"body": request body, "stream": hex}, stdout: {"path", "body": what the client would send, "events"}.
// The client serialises known members only: a member that it does not know is missing in what it would send.
const { Readable } = require("node:stream");
const { CodeWhispererStreaming, GenerateAssistantResponseCommand } = require("@aws/codewhisperer-streaming-client");
const { HttpResponse } = require("@smithy/protocol-http");

const task = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
let sent;

function withBytes(node) {
  if (Array.isArray(node)) return node.map(withBytes);
  if (node === null || typeof node !== "object") return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === "bytes" ? Uint8Array.from(Buffer.from(value, "base64")) : withBytes(value),
    ]),
  );
}

const requestHandler = {
  async handle(request) {
    sent = request;
    const headers = { "content-type": "application/vnd.amazon.eventstream" };
    const body = Readable.from([Buffer.from(task.stream, "hex")]);
    return { response: new HttpResponse({ statusCode: 200, headers, body }) };
  },
};

async function main() {
  const client = new CodeWhispererStreaming({
    region: "us-east-1",
    endpoint: "http://127.0.0.1:9",
    token: { token: "witness" },
    maxAttempts: 1,
    requestHandler,
  });
  const answer = await client.send(new GenerateAssistantResponseCommand(withBytes(task.body)));
  const events = [];
  try {
    for await (const event of answer.generateAssistantResponseResponse) events.push(event);
  } catch (error) {
    events.push({ error: { name: error.name, message: error.message, reason: error.reason } });
  }
  console.log(JSON.stringify({ path: sent.path, body: JSON.parse(Buffer.from(sent.body).toString()), events }));
}

main();
