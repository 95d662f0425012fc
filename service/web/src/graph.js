// Draws the graph that a page carries as JSON, or names the address of; the page lists it in words too.
import cytoscape from "cytoscape";

const GROW = 40; // nodes from which labels of edges are left out until one is pointed at

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
  const paint = () => {
    graph?.destroy();
    graph = cytoscape({ container: frame, elements: elements(data), style: look(), ...ways(data) });
    graph.on("tap", "node[?page]", (event) => location.assign(event.target.data("page")));
    graph.on("mouseover", "node", (event) => event.target.connectedEdges().addClass("pointed"));
    graph.on("mouseout", "node", () => graph.edges().removeClass("pointed"));
  };
  paint();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
}

function elements({ nodes, edges, center }) {
  return [
    ...nodes.map((node) => ({ data: { ...node, center: node.id === center } })),
    ...edges.map((edge) => ({ data: edge })),
  ];
}

function ways({ nodes, center }) {
  const common = { minZoom: 0.2, maxZoom: 1.6, boxSelectionEnabled: false, userZoomingEnabled: false };
  const layout = center
    ? { name: "concentric", animate: false, concentric: (node) => (node.id() === center ? 2 : 1), levelWidth: () => 1,
      minNodeSpacing: 26, nodeDimensionsIncludeLabels: true, padding: 24 }
    : { name: "cose", animate: false, randomize: false, nodeDimensionsIncludeLabels: true, nodeRepulsion: () => 90000,
      nodeOverlap: 40, idealEdgeLength: () => 90, componentSpacing: 60, padding: 24 };
  return { ...common, layout: nodes.length === 1 ? { name: "grid" } : layout };
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
    { selector: "edge", style: { width: 1.3, "line-color": line, "target-arrow-color": line, "target-arrow-shape": "triangle",
      "curve-style": "bezier", "arrow-scale": 0.9, color: soft, "font-family": font, "font-size": 10, "text-rotation": "autorotate",
      "text-background-color": paper, "text-background-opacity": 0.85, "text-background-padding": 1,
      label: (edge) => (edge.cy().nodes().length < GROW ? edge.data("label") : "") } },
    { selector: "edge[ground = 'inferred']", style: { "line-style": "dashed" } },
    { selector: "edge.pointed", style: { label: "data(label)", "line-color": second, "target-arrow-color": second, color: ink, "z-index": 9 } },
  ];
}
