// What the editor offers while a query is written: variables, keywords, prefixes, and our terms by label.
import { asker } from "./suggest.js";

const KEYWORDS = ("SELECT DISTINCT REDUCED CONSTRUCT DESCRIBE ASK WHERE FROM NAMED PREFIX BASE OPTIONAL UNION "
  + "MINUS GRAPH FILTER EXISTS NOT BIND AS VALUES UNDEF GROUP BY HAVING ORDER ASC DESC LIMIT OFFSET "
  + "COUNT SUM AVG MIN MAX SAMPLE GROUP_CONCAT SEPARATOR STR LANG LANGMATCHES DATATYPE BOUND IRI BNODE "
  + "STRLEN SUBSTR UCASE LCASE CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER CONCAT REPLACE REGEX "
  + "ABS ROUND CEIL FLOOR YEAR MONTH DAY NOW IF COALESCE IN isIRI isBlank isLiteral isNumeric").split(" ");

const declared = (query) => new Set([...query.matchAll(/\bPREFIX\s+([\w.-]*):/gi)].map((found) => found[1]));

/**
 * Returns the source of completions for a form that carries the addresses and the prefixes.
 * @param {string} address of the search for terms.
 * @param {Record<string, string>} prefixes name to IRI.
 */
export function completions(address, prefixes) {
  const ask = asker(address);

  return async (context) => {
    const variable = context.matchBefore(/[?$]\w*/);
    if (variable) return variables(context, variable);
    const word = context.matchBefore(/[A-Za-z][\w-]*:?[\w-]*/);
    if (!word && !context.explicit) return null;
    const from = word ? word.from : context.pos;
    const text = word ? word.text : "";
    if (!context.explicit && text.length < 2) return null;
    const [head, tail] = text.includes(":") ? text.split(":") : ["", text];
    const wanted = head ? tail.replace(/([a-z])([A-Z])/g, "$1 $2") : phrase(context) || tail;
    const terms = wanted.length > 1 ? (await ask(wanted, 12)).filter((term) => fits(term, head)) : [];
    if (context.aborted) return null;
    const options = head ? [] : words(text);
    options.push(...terms.map((term) => ({
      label: term.label, detail: term.curie, type: "class",
      apply: insertion(term.curie, head ? text : meant(term.label, wanted) || text),
    })));
    return options.length ? { from, options, filter: false } : null;
  };

  function fits(term, head) {
    return /^[\w-]+:[\w-]+$/.test(term.curie) && (!head || term.curie.startsWith(`${head}:`));
  }

  function words(text) {
    const begins = (word) => word.toLowerCase().startsWith(text.toLowerCase());
    return [
      ...Object.keys(prefixes).filter(begins).map((name) => ({
        label: `${name}:`, detail: prefixes[name], type: "namespace", apply: insertion(`${name}:`, text),
      })),
      ...KEYWORDS.filter(begins).map((word) => ({ label: word, type: "keyword" })),
    ];
  }

  // Inserting a name replaces what was written for it, and declares its prefix where the query does not.
  function insertion(name, written) {
    const prefix = name.slice(0, name.indexOf(":"));
    return (view, _completion, _from, to) => {
      const from = to - written.length;
      const changes = [{ from, to, insert: name }];
      let shift = 0;
      if (!declared(view.state.doc.toString()).has(prefix) && prefixes[prefix]) {
        const line = `PREFIX ${prefix}: <${prefixes[prefix]}>\n`;
        changes.unshift({ from: 0, insert: line });
        shift = line.length;
      }
      view.dispatch({ changes, selection: { anchor: from + name.length + shift }, userEvent: "input.complete" });
    };
  }
}

/** Returns the words before the cursor that may be a label of several words; keywords end it. */
function phrase(context) {
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  const found = before.match(/(?<![\w:?$<"'/#.-])[A-Za-z][\w-]*(?: [A-Za-z][\w-]*){0,5}$/);
  const words = found ? found[0].split(" ") : [];
  const last = words.findLastIndex((word) => word === "a" || KEYWORDS.includes(word));
  return words.slice(last + 1).join(" ");
}

/** Returns the longest end of a phrase of which every word begins a word of a label. */
function meant(label, text) {
  const names = label.toLowerCase().split(/[\s-]+/);
  const words = text.split(" ");
  const at = words.findIndex((_, start) => words.slice(start)
    .every((word) => names.some((name) => name.startsWith(word.toLowerCase()))));
  return at < 0 ? "" : words.slice(at).join(" ");
}

function variables(context, word) {
  const text = context.state.doc.toString();
  const found = new Set([...text.matchAll(/[?$]\w+/g)]
    .filter((each) => each.index !== word.from).map((each) => each[0]));
  const options = [...found].map((label) => ({ label, type: "variable" }));
  return options.length ? { from: word.from, options, validFor: /^[?$]\w*$/ } : null;
}
