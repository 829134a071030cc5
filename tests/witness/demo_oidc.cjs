// AWS's published client talks over HTTP to the emulated AWS SSO OIDC.
// stdin: {"endpoint", "calls": [[command, input], …]}; "$name" in an input stands for that member of an earlier answer.
// stdout: one answer per call: its members, or {"refused": {name, error, status}}.
const sdk = require("@aws-sdk/client-sso-oidc");

const task = JSON.parse(require("node:fs").readFileSync(0, "utf8"));

async function main() {
  const client = new sdk.SSOOIDCClient({ region: "us-east-1", endpoint: task.endpoint, maxAttempts: 1 });
  const known = {};
  const answers = [];
  for (const [command, input] of task.calls) {
    const filled = Object.entries(input).map(([key, value]) => [
      key,
      typeof value === "string" && value.startsWith("$") ? known[value.slice(1)] : value,
    ]);
    try {
      const { $metadata, ...members } = await client.send(new sdk[command](Object.fromEntries(filled)));
      Object.assign(known, members);
      answers.push(members);
    } catch (error) {
      answers.push({ refused: { name: error.name, error: error.error, status: error.$metadata?.httpStatusCode } });
    }
  }
  console.log(JSON.stringify(answers));
}

main();
