// Draws the graph that a page carries as JSON, or names the address of; the page lists it in words too.
import cytoscape from "cytoscape";

const GROW = 40; // nodes from which labels of edges are left out until one is pointed at
const SIDE = 130; // pixels from the middle to the columns beside it
const ROW = 26; // pixels from a thing in a column to the next

/**
 * Draws a graph; where that fails the frame goes, and what the page says in words stays.
 * @param {HTMLElement} frame with the id of a script of JSON, or the address of JSON, in data-graph.
 */
export async function draw(frame) {
  try {
    show(frame, await read(frame.dataset.graph));
  } catch (error) {
    frame.hidden = true;
    console.warn("The graph cannot be drawn:", error);
  }
}

async function read(place) {
  const inline = document.getElementById(place);
  if (inline) return JSON.parse(inline.textContent);
  return (await fetch(place, { headers: { Accept: "application/json" } })).json();
}

function show(frame, data) {
  frame.hidden = !data.edges.length;
  if (frame.hidden) return;
  // Cytoscape adds a <style> of its own unless something has this id; our sheet has the one rule of it.
  const mark = document.createElement("meta");
  mark.id = "__________cytoscape_stylesheet";
  document.head.append(mark);
  let graph = null;
  const drawing = data.center ? around(frame, data) : between(data);
  const paint = () => {
    graph?.destroy();
    graph = cytoscape({ container: frame, style: look(), minZoom: 0.2, maxZoom: 1.6, boxSelectionEnabled: false,
      userZoomingEnabled: false, ...drawing });
    graph.on("tap", "node[?page]", (event) => location.assign(event.target.data("page")));
    graph.on("mouseover", "node", (event) => event.target.connectedEdges().addClass("pointed"));
    graph.on("mouseout", "node", () => graph.edges().removeClass("pointed"));
  };
  paint();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
}

/** A net of things, laid out by forces. */
function between({ nodes, edges }) {
  return {
    elements: [...nodes, ...edges].map((data) => ({ data })),
    layout: { name: "cose", animate: false, randomize: false, nodeDimensionsIncludeLabels: true, nodeOverlap: 40,
      nodeRepulsion: () => 90000, idealEdgeLength: () => 90, componentSpacing: 60, padding: 24 },
  };
}

/** One thing in the middle: what points at it to the left, what it points at to the right, in columns to read. */
function around(frame, { nodes, edges, center }) {
  const ties = new Map();
  for (const { source, target, label } of edges) {
    const [other, left] = target === center ? [source, true] : [target, false];
    const tie = ties.get(other) ?? ties.set(other, { left, labels: new Set() }).get(other);
    tie.labels.add(label);
  }
  const others = nodes.filter((node) => node.id !== center && ties.has(node.id))
    .map((node) => ({ ...node, ...ties.get(node.id), tied: [...ties.get(node.id).labels].join(", ") }))
    .sort((one, two) => two.left - one.left || one.tied.localeCompare(two.tied) || one.label.localeCompare(two.label));
  const incoming = others.filter((node) => node.left).length;
  const uneven = Math.max(incoming, others.length - incoming) > 2 * Math.min(incoming, others.length - incoming) + 4;
  const cut = uneven ? Math.ceil(others.length / 2) : incoming;
  const rows = Math.max(cut, others.length - cut);
  const place = (index) => {
    const [column, row, count] = index < cut ? [-1, index, cut] : [1, index - cut, others.length - cut];
    return { x: column * SIDE, y: (row - (count - 1) / 2) * ROW };
  };
  const elements = others.map((node, index) => ({
    data: { id: node.id, page: node.page, label: `${node.label} (${node.tied})`, side: index < cut ? "left" : "right" },
    position: place(index),
  }));
  const middle = nodes.find((node) => node.id === center);
  elements.push({ data: { id: center, page: "", label: middle.label, center: true }, position: { x: 0, y: 0 } });
  elements.push(...edges.map(({ source, target, ground }) => ({ data: { source, target, ground, label: "" } })));
  frame.style.height = `${Math.max(rows * ROW + 60, 160)}px`;
  return { elements, layout: { name: "preset", padding: 20 } };
}

function look() {
  const probe = document.createElement("span"); // resolves light-dark() to the colour in force
  document.body.append(probe);
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const [ink, soft, line, accent, wash, second, paper] =
    ["--ink", "--soft", "--strong-line", "--accent", "--accent-wash", "--second", "--raised"].map(colour);
  const font = getComputedStyle(document.body).fontFamily;
  probe.remove();
  return [
    { selector: "node", style: { label: "data(label)", "background-color": wash, "border-color": accent, "border-width": 1.5,
      color: ink, "font-family": font, "font-size": 12, width: 18, height: 18, "text-wrap": "wrap", "text-max-width": 120,
      "text-valign": "bottom", "text-margin-y": 4, "text-background-color": paper, "text-background-opacity": 0.85,
      "text-background-padding": 2 } },
    { selector: "node[?literal]", style: { shape: "round-rectangle", "border-style": "dashed" } },
    { selector: "node[?center]", style: { "background-color": accent, width: 28, height: 28, "font-weight": "bold" } },
    { selector: "node[side]", style: { width: 10, height: 10, "text-wrap": "ellipsis", "text-max-width": 300, "text-valign": "center", "text-margin-y": 0 } },
    { selector: "node[side = 'left']", style: { "text-halign": "left", "text-margin-x": -6 } },
    { selector: "node[side = 'right']", style: { "text-halign": "right", "text-margin-x": 6 } },
    { selector: "edge", style: { width: 1.3, "line-color": line, "target-arrow-color": line, "target-arrow-shape": "triangle",
      "curve-style": "bezier", "arrow-scale": 0.9, color: soft, "font-family": font, "font-size": 10, "text-rotation": "autorotate",
      "text-background-color": paper, "text-background-opacity": 0.85, "text-background-padding": 1,
      label: (edge) => (edge.cy().nodes().length < GROW ? edge.data("label") : "") } },
    { selector: "edge[ground = 'inferred']", style: { "line-style": "dashed" } },
    { selector: "edge.pointed", style: { label: "data(label)", "line-color": second, "target-arrow-color": second, color: ink, "z-index": 9 } },
  ];
}
