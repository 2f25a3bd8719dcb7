// Draws blocks of text as text nodes. Nothing here parses markup: what a document or a model
// wrote cannot become an element, an attribute or a link.

const drawn = new WeakMap();

const ELEMENT = {
  paragraph: "p", heading: "h3", item: "div", code: "pre", note: "p", said: "p",
  passage: "blockquote", page: "div", pages: "nav", legend: "p", actions: "div",
};

const NOTE_OF_SUPPORT = {
  partial: "only partly found in your documents",
  unsupported: "not found in your documents",
};

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function citation(run, current) {
  const button = element("button", "citation", String(run.number));
  button.type = "button";
  button.dataset.open = run.open;
  button.title = run.label;
  button.setAttribute("aria-label", "Source " + run.number + ": " + run.label);
  if (run.open === current) button.setAttribute("aria-current", "true");
  return button;
}

function named(run, current) {
  const button = element("button", "named", run.text);
  button.type = "button";
  button.dataset.open = run.open;
  button.setAttribute("aria-label", "Open where it says so: " + run.label);
  if (run.open === current) button.setAttribute("aria-current", "true");
  return button;
}

function stretch(run) {
  let name = "span";
  if (run.code) name = "code";
  else if (run.mark) name = "mark";
  else if (run.bold) name = "strong";
  else if (run.italic) name = "em";
  const made = element(name, run.support ? "claim " + run.support : "", run.text);
  if (run.support) made.title = "This sentence is " + NOTE_OF_SUPPORT[run.support] + ".";
  return made;
}

function fill(target, runs, current) {
  let support = "";
  for (const run of runs) {
    if (support && !run.open && run.support !== support) {
      target.append(element("span", "verdict", NOTE_OF_SUPPORT[support]));
    }
    if (!run.open) support = run.support || "";
    if (!run.open) target.append(stretch(run));
    else target.append(run.number === undefined ? named(run, current) : citation(run, current));
  }
  if (support) target.append(element("span", "verdict", NOTE_OF_SUPPORT[support]));
}

function source(block, current) {
  const button = element("button", block.kind === "place" ? "source whole" : "source");
  button.type = "button";
  button.dataset.open = block.open;
  if (block.open === current) button.setAttribute("aria-current", "true");
  button.append(element("span", "number", block.lead));
  const body = element("span", "body");
  const words = element("span", "words");
  fill(words, block.runs, current);
  body.append(element("span", "place", block.label), words);
  button.append(body);
  return button;
}

function cell(run, current) {
  const button = element("button", "cell " + run.state);
  button.type = "button";
  button.dataset.open = run.open;
  button.title = run.label;
  button.setAttribute("aria-label", run.label);
  if (run.open === current) button.setAttribute("aria-current", "page");
  return button;
}

function meaning(run) {
  const made = element("span", "meaning");
  made.append(element("span", "cell " + run.state), element("span", "", run.text));
  return made;
}

function action(run) {
  if (!run.open && run.copy === undefined) return element("span", "", run.text);
  const button = element("button", "action", run.text);
  button.type = "button";
  button.setAttribute("aria-label", run.label || run.text);
  if (run.pressed) button.setAttribute("aria-pressed", "true");
  if (run.open) button.dataset.open = run.open;
  else button.onclick = () => copy(button, run);
  return button;
}

async function copy(button, run) {
  try {
    await navigator.clipboard.writeText(run.copy);
    button.textContent = "Copied";
  } catch {
    // Browsers keep the clipboard to pages of this machine, or over https.
    button.textContent = "Your browser does not let this page copy";
  }
  setTimeout(() => { button.textContent = run.text; }, 1500);
}

function drawnBlock(block, current) {
  if (block.kind === "source" || block.kind === "place") return source(block, current);
  const made = element(ELEMENT[block.kind], block.kind);
  made.dir = "auto";
  if (block.kind === "item") {
    made.style.setProperty("--depth", String(block.depth || 0));
    made.append(element("span", "lead", block.lead));
    const body = element("span", "body");
    fill(body, block.runs, current);
    made.append(body);
  } else if (block.kind === "pages") {
    made.append(...block.runs.map((run) => cell(run, current)));
  } else if (block.kind === "legend") {
    made.append(...block.runs.map(meaning));
  } else if (block.kind === "actions") {
    made.append(...block.runs.map(action));
  } else {
    fill(made, block.runs, current);
  }
  return made;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".reading");
  root.onclick = (event) => {
    const target = event.target.closest("[data-open]");
    if (target) setTriggerValue("open", target.dataset.open);
  };
  const wanted = JSON.stringify(data);
  if (drawn.get(root) === wanted) return;
  drawn.set(root, wanted);
  const focused = root.getRootNode().activeElement?.dataset?.open;
  root.replaceChildren(...data.blocks.map((block) => drawnBlock(block, data.current)));
  if (focused) {
    [...root.querySelectorAll("[data-open]")].find((e) => e.dataset.open === focused)?.focus();
  }
}
