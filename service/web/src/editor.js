// The query editor. It lives in a shadow root: there CodeMirror adopts constructed style sheets, which
// the page's policy (style-src 'self') allows, where it would otherwise need a nonce for <style>.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, StreamLanguage, bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { sparql } from "@codemirror/legacy-modes/mode/sparql";
import { EditorState, StateField } from "@codemirror/state";
import { Decoration, EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { completions } from "./completion.js";

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.local(tags.variableName), tags.variableName], color: "var(--second)" },
  { tag: [tags.atom, tags.propertyName, tags.local(tags.propertyName)], color: "var(--ink)" },
  { tag: tags.string, color: "var(--second)", fontStyle: "italic" },
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.operator, tags.bracket, tags.meta], color: "var(--soft)" },
  { tag: tags.standard(tags.name), color: "var(--accent)" },
]);

const look = EditorView.theme({
  "&": {
    background: "var(--raised)", color: "var(--ink)", border: "1px solid var(--strong-line)",
    borderRadius: "var(--radius)", fontSize: ".875rem",
  },
  "&.cm-focused": { outline: "3px solid var(--second)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", maxHeight: "32rem" },
  ".cm-content, .cm-gutter": { minHeight: "9rem" },
  ".cm-content": { caretColor: "var(--ink)", padding: ".5rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  ".cm-gutters": { background: "var(--card)", color: "var(--soft)", border: "0", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { background: "transparent" },
  "&.cm-focused .cm-activeLine": { background: "var(--card)" },
  "&.cm-focused .cm-activeLineGutter, .cm-activeLineGutter": { background: "transparent", color: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { background: "var(--mark)" },
  "&.cm-focused .cm-matchingBracket": { background: "var(--accent-wash)", outline: "1px solid var(--accent)" },
  ".cm-fault": { background: "var(--warn-wash)", textDecoration: "underline wavy var(--warn)", textUnderlineOffset: ".2em" },
  ".cm-tooltip": { background: "var(--raised)", border: "1px solid var(--strong-line)", borderRadius: "var(--radius)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--sans)", maxHeight: "18rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: ".25rem .6rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--accent)", color: "var(--accent-ink)" },
  ".cm-completionDetail": { fontFamily: "var(--mono)", fontStyle: "normal", opacity: ".8" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "600" },
  ".cm-completionIcon": { display: "none" },
});

/**
 * Puts an editor in the place of a text area, which stays what the form sends.
 * @param {HTMLTextAreaElement} area
 * @param {{suggest: string, prefixes: Record<string, string>, fault: {line: number, column: number, width: number} | null}} options
 * @returns {EditorView}
 */
export function mount(area, { suggest, prefixes, fault }) {
  const host = document.createElement("div");
  host.className = "editor";
  const root = host.attachShadow({ mode: "open" });
  area.before(host);
  const submit = () => {
    area.form.requestSubmit();
    return true;
  };
  const label = area.labels[0];
  const focused = document.activeElement === area;
  const height = area.offsetHeight;
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        lineNumbers(), history(), drawSelection(), bracketMatching(), closeBrackets(), indentOnInput(),
        highlightActiveLine(), EditorView.lineWrapping,
        StreamLanguage.define(sparql), syntaxHighlighting(colours), look,
        autocompletion({ override: [completions(suggest, prefixes)], icons: false }),
        keymap.of([{ key: "Mod-Enter", run: submit },
          ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.contentAttributes.of({ "aria-label": label?.textContent ?? "Query" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) area.value = update.state.doc.toString();
        }),
        marked(fault),
      ],
    }),
  });
  view.dom.style.minHeight = `${height}px`; // so that nothing below it moves
  area.hidden = true;
  if (focused) view.focus();
  area.required = false; // a field that is not shown cannot be asked for; the service asks
  label?.addEventListener("click", () => view.focus());
  return view;
}

/** Marks the place of a fault, which moves with the text around it until it is written over. */
function marked(fault) {
  const mark = Decoration.mark({ class: "cm-fault", attributes: { title: "The query cannot be read here" } });
  return StateField.define({
    create: (state) => (fault ? Decoration.set(spans(state.doc, fault).map(([from, to]) => mark.range(from, to))) : Decoration.none),
    update: (value, transaction) => (transaction.docChanged ? value.map(transaction.changes) : value),
    provide: (field) => EditorView.decorations.from(field),
  });
}

/** Returns the place of a fault; the service counts code points, the editor UTF-16 units. */
function spans(doc, { line, column, width }) {
  if (line > doc.lines) return [];
  const { from, to, text } = doc.line(line);
  const units = (count) => [...text].slice(0, count).join("").length;
  const start = Math.min(from + units(column - 1), to);
  const end = Math.min(from + units(column - 1 + width), to);
  return end > start ? [[start, end]] : from < to ? [[Math.max(from, start - 1), to]] : [];
}
