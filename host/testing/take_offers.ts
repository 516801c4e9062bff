// For tests, a program: answers offers from standard input (JSON) as the host does, and prints how many
// it handled. An exception on node-datachannel's threads would end it.
import process from "node:process";
import { json } from "node:stream/consumers";
import { answerOffer, endPeers } from "../peers/peer.ts";
import { parseOffer } from "../peers/sdp.ts";

let answered = 0;
let refused = 0;
for (const sdp of await json(process.stdin) as string[]) {
  try {
    const peer = answerOffer(parseOffer(sdp), { ice: { iceServers: [] } });
    await peer.answer;
    peer.close();
    answered++;
  } catch {
    refused++;
  }
}
endPeers();
console.log(JSON.stringify({ answered, refused }));
