// AWS's published client talks over HTTP to the emulated Kiro upstream.
// stdin: {"endpoint", "token", "body": request body}, stdout: {"events": […]} or {"refused": {name, message, reason}}.
const { CodeWhispererStreaming, GenerateAssistantResponseCommand } = require("@aws/codewhisperer-streaming-client");

const task = JSON.parse(require("node:fs").readFileSync(0, "utf8"));

function withBytes(node) {
  if (Array.isArray(node)) return node.map(withBytes);
  if (node === null || typeof node !== "object") return node;
  const entries = Object.entries(node).map(([key, value]) => [
    key,
    key === "bytes" ? Uint8Array.from(Buffer.from(value, "base64")) : withBytes(value),
  ]);
  return Object.fromEntries(entries);
}

const told = (error) => ({ name: error.name, message: error.message, reason: error.reason });

async function main() {
  const client = new CodeWhispererStreaming({
    region: "us-east-1",
    endpoint: task.endpoint,
    token: { token: task.token },
    maxAttempts: 1,
  });
  const result = { events: [] };
  try {
    const answer = await client.send(new GenerateAssistantResponseCommand(withBytes(task.body)));
    result.conversation = answer.conversationId;
    try {
      for await (const event of answer.generateAssistantResponseResponse) result.events.push(event);
    } catch (error) {
      result.broken = told(error);
    }
  } catch (error) {
    result.refused = told(error);
  }
  console.log(JSON.stringify(result));
}

main();
