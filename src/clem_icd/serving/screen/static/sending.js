// Acts on their way to the server: one at a time, and what follows a failed one is not done.

const RETRY_MS = 400;

export class Refused extends Error {
  constructor(error, answer = null) {
    super([error?.message, error?.remedy].filter(Boolean).join(". "));
    this.code = error?.code;
    this.state = answer?.state;
  }
}

let queue = Promise.resolve();
let failures = 0;
export let pending = 0;

// Send an act after those before it. A body that is a function is made when its turn comes.
export function send(path, body, { onAnswer, onRefusal, onChange }) {
  const known = failures;
  const key = requestKey();
  pending += 1;
  onChange(null);
  queue = queue.then(async () => {
    let problem = null;
    try {
      if (known !== failures) throw new Refused({ message: "It was not done, as an act before it failed" });
      onAnswer((await post(path, typeof body === "function" ? body() : body, key)).state);
    } catch (failure) {
      if (known === failures) failures += 1;
      problem = failure;
      onRefusal(failure);
    }
    pending -= 1;
    onChange(problem);
    return !problem;
  });
  return queue;
}

export const allSent = () => queue;

function requestKey() {
  // crypto.randomUUID is missing on plain HTTP outside of the loopback address.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

async function post(path, body, key) {
  const headers = { "Content-Type": "application/json", "X-Request-Key": key };
  const request = () => fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  let response;
  try {
    response = await request();
  } catch {
    // The same key: if the first request has arrived, the server does not do it twice.
    await new Promise((resume) => setTimeout(resume, RETRY_MS));
    response = await request();
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer.error ?? { message: `The service answered ${response.status}` }, answer);
  return answer;
}
