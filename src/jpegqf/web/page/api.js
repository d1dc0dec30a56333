// Requests to the server that sent this page: one image each, a token where it asks for one, patience where it is busy.

const MOST_TRIES = 40;
let token = null;
let asking = null;

/** What the server refused, with the code and the record of its answer. */
export class Refusal extends Error {
  constructor(code, message, record = null) {
    super(message);
    this.code = code;
    this.record = record;
  }
}

const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

// Tokens are ASCII; a browser cannot even send others.
async function ask(wrong, askToken) {
  for (;;) {
    const given = await askToken(wrong);
    if (/^[\x21-\x7e]+$/.test(given)) return given;
    wrong = true;
    await pause(0);  // the dialog closes first
  }
}

async function request(path, options, askToken) {
  for (let tries = 0; ; tries++) {
    const sent = token;
    const headers = sent === null ? {} : {Authorization: `Bearer ${sent}`};
    let answer;
    try {
      answer = await fetch(path, {...options, headers});
    } catch {
      throw new Refusal("network", "no answer");
    }
    if (answer.ok) return answer;
    const {error} = await answer.json().catch(() => ({error: {code: "other", message: answer.statusText}}));
    if (answer.status === 401) {
      // All requests that wait share one question.
      if (token === sent) token = await (asking ??= ask(sent !== null, askToken).finally(() => { asking = null; }));
    } else if ((answer.status === 429 || answer.status === 503) && tries < MOST_TRIES) {
      await pause(Number(answer.headers.get("Retry-After") ?? 1) * (0.5 + Math.random()));
    } else {
      throw new Refusal(error.code, error.message, error.record);
    }
  }
}

export class Server {
  constructor(askToken) { this.askToken = askToken; }

  async limits() {
    return (await request("/v1/limits", {}, this.askToken)).json();
  }

  async inspect(file, name) {
    return (await this.#send("/v1/inspect", file, name)).json().then((records) => records[0]);
  }

  async explain(file, name) {
    return (await this.#send("/v1/explain", file, name)).json();
  }

  async plot(file, name) {
    return (await this.#send("/v1/inspect/plot", file, name)).blob();
  }

  async restore(file, name) {
    return (await this.#send("/v1/restore", file, name)).blob();
  }

  #send(path, file, name) {
    const body = new FormData();  // the name travels in the body: addresses end up in logs
    body.append("file", file, name);
    return request(path, {method: "POST", body}, this.askToken);
  }
}
