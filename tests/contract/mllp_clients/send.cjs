// Sends the messages of a JSON file ([text, …]) one after the other with one client library and prints the
// answers it matched to them, as JSON.   node send.cjs node-hl7-client|medplum HOST PORT FILE
"use strict";
const { readFileSync } = require("node:fs");

const [library, host, port, file] = process.argv.slice(2);
const texts = JSON.parse(readFileSync(file, "utf8"));

async function nodeHl7Client() {
  const { Client, Message } = require("node-hl7-client");
  const answers = [];
  const client = new Client({ host, version: "2.5" });
  let settle;
  const connection = client.createConnection({ port: Number(port), waitAck: true }, async (res) => {
    answers.push(res.getMessage().toString());
    settle();
  });
  for (const text of texts) {
    const answered = new Promise((resolve) => (settle = resolve));
    await connection.sendMessage(new Message({ text }));
    await answered;
  }
  await connection.close();
  return answers;
}

async function medplum() {
  const { Hl7Client } = require("@medplum/hl7");
  const { Hl7Message } = require("@medplum/core");
  const client = new Hl7Client({ host, port: Number(port), keepAlive: true });
  const answers = [];
  for (const text of texts) {
    answers.push((await client.sendAndWait(Hl7Message.parse(text))).toString());
  }
  await client.close();
  return answers;
}

const run = library === "medplum" ? medplum : nodeHl7Client;
run().then(
  (answers) => {
    console.log(JSON.stringify(answers));
    process.exit(0);
  },
  (error) => {
    console.error(String(error && error.stack));
    process.exit(1);
  },
);
