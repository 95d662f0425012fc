// Asks the service which terms fit a text.

/**
 * Returns a function that asks an address for terms, the newest question cancelling the one before.
 * @param {string} address of the suggestions, without a query string.
 * @returns {(text: string, limit?: number) => Promise<Array<object>>} terms with label, curie, kind, page.
 */
export function asker(address) {
  let running = null;
  return async (text, limit = 8) => {
    running?.abort();
    const control = running = new AbortController();
    const url = new URL(address, document.baseURI);
    url.search = new URLSearchParams({ q: text, limit, format: "json" });
    try {
      const answer = await fetch(url, { signal: control.signal });
      return answer.ok ? (await answer.json()).suggestions : [];
    } catch (error) {
      if (error.name === "AbortError") return [];
      throw error;
    }
  };
}
