// Values under the pointer, and series that the key switches off and on. What the figure draws is in its elements; what is
// read here is in their data attributes. Coordinates are those of the figure, tenths of a point.
(() => {
  const svg = document.currentScript.ownerSVGElement;
  const make = (name, attributes, parent) => {
    const element = document.createElementNS(svg.namespaceURI, name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return parent.appendChild(element);
  };
  const marks = [...svg.querySelectorAll('[data-mark]')];
  const names = {};

  for (const key of svg.querySelectorAll('[data-key]')) {
    const number = key.dataset.key, own = marks.filter(mark => mark.dataset.series === number);
    names[number] = key.getAttribute('aria-label');
    if (!own.length) continue;
    const { x, y, width, height } = key.getBBox();
    key.prepend(make('rect', { x, y: y - 10, width, height: height + 20, fill: '#fff', 'fill-opacity': 0 }, key));
    const set = shown => {
      key.setAttribute('aria-pressed', shown);
      key.setAttribute('opacity', shown ? 1 : 0.35);
      for (const mark of own) mark.setAttribute('display', shown ? 'inline' : 'none');
    };
    const toggle = () => set(key.getAttribute('aria-pressed') === 'false');
    for (const [name, value] of [['role', 'button'], ['tabindex', 0], ['style', 'cursor:pointer']]) key.setAttribute(name, value);
    set(true);
    key.addEventListener('click', toggle);
    key.addEventListener('keydown', event => {
      if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); toggle(); }
    });
  }

  const place = (axis, value) => {
    const [low, high] = axis.of, [from, to] = axis.at;
    return from + ((axis.log ? Math.log10(value) : value) - low) / (high - low) * (to - from);
  };
  const value = (axis, place) => {
    const [low, high] = axis.of, [from, to] = axis.at;
    const there = low + (place - from) / (to - from) * (high - low);
    if (axis.log) return Number((10 ** there).toPrecision(3));
    const step = (high - low) / Math.abs(to - from);
    return Number(there.toFixed(Math.max(0, Math.ceil(-Math.log10(step)))));
  };
  // Where a mark has its points, and what they are.
  const points = (mark, { x, y }) => {
    if (mark.dataset.v) return mark.dataset.v.split(' ').map(text => {
      const values = text.split(',').map(Number);
      return { at: [place(x, values[0]), place(y, values[1])], values };
    });
    const numbers = [...mark.querySelectorAll('path')].flatMap(path => path.getAttribute('d').match(/-?\d+/g).map(Number));
    return Array.from({ length: numbers.length / 2 }, (_, i) => {
      const at = numbers.slice(2 * i, 2 * i + 2);
      return { at, values: [value(x, at[0]), value(y, at[1])] };
    });
  };
  const panels = [...svg.querySelectorAll('[data-panel]')].map(group => {
    const panel = JSON.parse(group.dataset.panel);
    panel.marks = marks.filter(mark => mark.dataset.mark && group.contains(mark));
    return panel;
  });
  const text = (axis, value, error) => {
    if (!axis.shown) return '';
    if (axis.names.length) return axis.names.reduce((a, b) => Math.abs(b[0] - value) < Math.abs(a[0] - value) ? b : a)[1];
    const number = String(value).replace('-', '\u2212') + (error ? ` \u00b1 ${error}` : '');
    return axis.label ? `${axis.label}: ${number}` : number;
  };

  const tip = make('g', { 'pointer-events': 'none', display: 'none', 'data-tip': '' }, svg);
  const ring = make('circle', { r: 32, fill: 'none', stroke: '#000', 'stroke-width': 8 }, tip);
  const box = make('rect', { rx: 20, fill: '#fff', 'fill-opacity': 0.95, stroke: '#767676', 'stroke-width': 5 }, tip);
  const lines = [0, 1, 2].map(() => make('text', {}, tip));

  const hide = () => tip.setAttribute('display', 'none');
  const look = event => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const inside = ([from, to], at) => at >= Math.min(from, to) - 40 && at <= Math.max(from, to) + 40;
    let best = { distance: 200 };
    for (const panel of panels) {
      if (!inside(panel.x.at, x) || !inside(panel.y.at, y)) continue;
      for (const mark of panel.marks) {
        if (mark.getAttribute('display') === 'none') continue;
        const axes = { x: panel.x, y: mark.dataset.right ? panel.right : panel.y };
        mark.points ??= points(mark, axes);
        for (const point of mark.points) {
          if (!inside(axes.x.at, point.at[0]) || !inside(axes.y.at, point.at[1])) continue;
          const distance = Math.hypot(point.at[0] - x, point.at[1] - y);
          // A point with its bar is drawn twice; the bar knows more.
          const nearer = distance < best.distance - 0.5 || distance < best.distance + 0.5 && point.values.length > best.point?.values.length;
          if (nearer) best = { distance, mark, axes, point };
        }
      }
    }
    if (!best.point) return hide();
    const { mark, axes, point } = best, [first, second, error] = point.values;
    const said = [names[mark.dataset.series], text(axes.x, first), text(axes.y, second, error)].filter(Boolean);
    tip.setAttribute('display', 'inline');
    lines.forEach((line, i) => { line.textContent = said[i] ?? ''; });
    const width = Math.max(...lines.map(line => line.getComputedTextLength())) + 80, height = 90 * said.length + 40;
    const { width: right } = svg.viewBox.baseVal;
    const left = Math.min(Math.max(point.at[0] - width / 2, 10), right - width - 10);
    const top = point.at[1] > height + 70 ? point.at[1] - height - 60 : point.at[1] + 60;
    for (const [name, at] of [['x', left], ['y', top], ['width', width], ['height', height]]) box.setAttribute(name, at);
    lines.forEach((line, i) => { line.setAttribute('x', left + 40); line.setAttribute('y', top + 85 + 90 * i); });
    ring.setAttribute('cx', point.at[0]);
    ring.setAttribute('cy', point.at[1]);
  };
  svg.addEventListener('pointermove', look);
  svg.addEventListener('pointerdown', look);
  svg.addEventListener('pointerleave', hide);
})();
