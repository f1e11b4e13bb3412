// The board: every text is set as text, never as HTML. Cards are kept by id and drawn anew only when
// they change, so that a step on a board of 300 cards touches only what it changes.
// Its words are in SAID, which `view.py` puts in front; places in them are filled in by name.
const STATES = ['new', 'promising', 'doing', 'dropped'];
const wall = element.querySelector('.wall');
const drawn = new Map();
const chosen = new Set();
let cards = [], columns = false, wanted = '', editing = '', dragged = '';

const say = (key, values) => SAID[key].replace(/\{(\w+)\}/g, (place, name) => values?.[name] ?? place);
const stateName = state => SAID[`STATE_${state}`];
const make = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) { node.textContent = text; node.dir = 'auto'; }
  return node;
};
const press = (label, act, name) => {
  const button = make('button', name || '', label);
  button.type = 'button';
  button.dataset.act = act;
  return button;
};
const step = (op, ids, more) => trigger('step', {op, ids, ...more});
const byId = id => cards.find(card => card.id === id);

const bar = mark => {
  const row = make('li');
  row.append(make('span', '', mark.criterion), make('b', '', `${mark.score}`));
  const track = make('i', 'track');
  const most = mark.scale[1], low = mark.low ?? mark.score, high = mark.high ?? mark.score;
  track.style.setProperty('--mean', `${100 * mark.score / most}%`);
  track.style.setProperty('--low', `${100 * low / most}%`);
  track.style.setProperty('--wide', `${Math.max(0, 100 * (high - low) / most)}%`);
  track.title = high > low ? say('BETWEEN', {low, high, most}) : say('OF', {most});
  row.append(track, make('small', '', mark.reason));
  return row;
};

const scores = card => {
  if (!card.scores.length) return [];
  const list = make('ul', 'scores');
  const total = make('li');
  total.append(make('span', '', say(card.weighed ? 'WEIGHTED' : 'TOTAL')),
    make('b', '', card.weighed ? `${card.weighed} / ${card.most_each}` : `${card.total} / ${card.most}`));
  list.append(...card.scores.map(bar), total);
  const ask = make('div', 'ask');
  ask.append(make('span', '', say('FAIR')), press(say('GOOD'), 'fair'), press(say('BAD'), 'unfair'));
  return [list, ask];
};

const editor = card => {
  const form = make('form', 'editor');
  const title = make('input'); title.value = card.title; title.maxLength = 500; title.ariaLabel = say('TITLE');
  const body = make('textarea'); body.value = card.body; body.rows = 4; body.maxLength = 2000;
  body.ariaLabel = say('TEXT');
  const row = make('footer');
  row.append(press(say('SAVE'), 'save'), press(say('CANCEL'), 'cancel'));
  form.append(title, body, row);
  form.addEventListener('submit', event => { event.preventDefault(); save(card.id); });
  return form;
};

const draw = card => {
  const node = make('article', `card${card.own ? ' own' : ''}${card.coming ? ' coming' : ''}`);
  node.id = `board-card-${card.id}`;
  node.dataset.id = card.id;
  node.setAttribute('role', 'listitem');
  if (editing === card.id) { node.append(editor(card)); return node; }
  const top = make('div', 'top');
  if (!card.coming) {
    const pick = make('input'); pick.type = 'checkbox'; pick.checked = chosen.has(card.id);
    pick.ariaLabel = say('CHOOSE', {title: card.title});
    const grip = press('⠿', 'grip', 'grip');
    grip.draggable = true;
    grip.ariaLabel = say('MOVE', {title: card.title});
    grip.title = say('DRAG');
    const state = make('select'); state.ariaLabel = say('STATE');
    for (const name of STATES) state.append(new Option(stateName(name), name, false, name === card.state));
    top.append(pick, state, grip);
  }
  node.append(top);
  if (card.from) node.append(make('span', 'from', say('FROM', {title: card.from})));
  if (card.merged.length) node.append(make('span', 'from', say('MERGED', {titles: card.merged.join(', ')})));
  node.append(make('h3', '', card.title), make('p', '', card.body));
  if (card.tags.length) {
    const tags = make('div', 'tags');
    tags.append(...card.tags.map(tag => make('span', 'tag', tag)));
    node.append(tags);
  }
  if (card.twin) node.append(make('span', 'twin', say('TWIN', {title: card.twin})));
  if (card.standing) node.append(make('span', 'from', say('COMPARED', {standing: card.standing})));
  node.append(...scores(card));
  if (card.versions.length) {
    const past = make('details');
    past.append(make('summary', '', card.earlier));
    past.append(...card.versions.map(one => make('p', 'past', `${one.title}\n${one.body}`)));
    node.append(past);
  }
  if (!card.coming) {
    const acts = make('footer');
    acts.append(press(say('REFINE'), 'refine'), press(say('EVALUATE'), 'evaluate'),
      press(say('EDIT'), 'edit'), press(say('DELETE'), 'remove'));
    node.append(acts);
    if (!card.own) {
      const ask = make('div', 'ask');
      ask.append(make('span', '', say('THIS')), press(say('GOOD'), 'good'), press(say('BAD'), 'bad'));
      node.append(ask);
    }
  }
  return node;
};

const nodeOf = card => {
  // An open editor stays as it is, whatever happens to its card meanwhile: somebody is typing in it.
  const key = editing === card.id ? `editing ${card.id}` : JSON.stringify(card);
  const known = drawn.get(card.id);
  if (known && known.key === key) return known.node;
  const node = draw(card);
  if (known) known.node.replaceWith(node);
  drawn.set(card.id, {key, node});
  return node;
};

// Nodes that stand where they should are not touched: focus and scrolling stay.
const place = (parent, nodes) => {
  nodes.forEach((node, at) => { if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] || null); });
  while (parent.children.length > nodes.length) parent.lastElementChild.remove();
};

const matches = card => !wanted || [card.title, card.body, stateName(card.state), ...card.tags]
  .some(text => text.toLowerCase().includes(wanted));

function received() {
  cards = JSON.parse(props.value.cards);
  render();
}

function render() {
  const ids = new Set(cards.map(card => card.id));
  for (const id of [...drawn.keys()]) if (!ids.has(id)) { drawn.get(id).node.remove(); drawn.delete(id); chosen.delete(id); }
  const shown = cards.filter(matches);
  element.querySelector('.topic').textContent = props.value.topic;
  element.querySelector('.board-empty').hidden = cards.length > 0;
  element.querySelector('.tools').hidden = cards.length === 0;
  element.querySelector('.hints').textContent = props.value.hints.join(' ');
  wall.classList.toggle('columns', columns);
  if (columns) {
    const lists = STATES.map(state => {
      const known = wall.querySelector(`[data-state="${state}"]`);
      const column = known || make('section', 'column');
      if (!known) { column.dataset.state = state; column.append(make('h4', '', stateName(state)), make('div', 'list')); }
      const mine = shown.filter(card => card.state === state);
      column.firstChild.textContent = `${stateName(state)} (${mine.length})`;
      place(column.lastChild, mine.map(nodeOf));
      return column;
    });
    place(wall, lists);
  } else {
    place(wall, shown.map(nodeOf));
  }
  counted();
}

function counted() {
  const many = element.querySelector('.many');
  many.hidden = chosen.size === 0;
  many.querySelector('b').textContent = say('CHOSEN', {count: chosen.size});
  many.querySelector('[data-act=compare]').disabled = chosen.size !== 2;
  many.querySelector('[data-act=merge]').disabled = chosen.size < 2;
}

function save(id) {
  const form = drawn.get(id).node.querySelector('form');
  const [title, body] = [form.querySelector('input').value, form.querySelector('textarea').value];
  editing = '';
  step('edit', [id], {title, body});
  render();
}

function move(id, before, state) {
  const card = byId(id);
  if (!card || id === before) return;
  const rest = cards.filter(one => one !== card);
  const at = rest.findIndex(one => one.id === before);
  if (state) card.state = state;
  rest.splice(at < 0 ? rest.length : at, 0, card);
  // Shown at once; what the server answers is the truth.
  cards = rest;
  render();
  step('move', [id], {before: before || '', ...(state ? {state} : {})});
}

function remove(ids) {
  cards = cards.filter(card => !ids.includes(card.id));
  render();
  step('remove', ids);
}

const ACTS = ['refine', 'evaluate', 'good', 'bad', 'fair', 'unfair'];
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-act]');
  if (!button) return;
  const act = button.dataset.act, id = button.closest('[data-id]')?.dataset.id, ids = [...chosen];
  if (ACTS.includes(act)) trigger(act, {id});
  else if (act === 'remove') remove([id]);
  else if (act === 'edit') { editing = id; render(); drawn.get(id).node.querySelector('input').focus(); }
  else if (act === 'cancel') { editing = ''; render(); }
  else if (act === 'save') save(id);
  else if (act === 'columns') { columns = !columns; button.setAttribute('aria-pressed', columns); wall.replaceChildren(); render(); }
  else if (act === 'compare') trigger('pair', {ids});
  else if (act === 'none') { chosen.clear(); for (const box of wall.querySelectorAll('input[type=checkbox]')) box.checked = false; counted(); }
  else if (act === 'many-remove') remove(ids);
  else if (act === 'merge') { chosen.clear(); step('merge', ids); counted(); }
  else if (act === 'tag') {
    const tag = element.querySelector('.many input').value.trim();
    if (tag) step('tag', ids, {tag});
  }
});
element.addEventListener('change', event => {
  const id = event.target.closest('[data-id]')?.dataset.id;
  if (event.target.type === 'checkbox') { event.target.checked ? chosen.add(id) : chosen.delete(id); counted(); }
  else if (event.target.matches('.many select')) { if (event.target.value) step('state', [...chosen], {state: event.target.value}); event.target.value = ''; }
  else if (event.target.tagName === 'SELECT' && id) step('state', [id], {state: event.target.value});
});
element.addEventListener('input', event => {
  if (!event.target.matches('.filter')) return;
  wanted = event.target.value.trim().toLowerCase();
  render();
});
element.addEventListener('keydown', event => {
  if (event.key === 'Escape' && editing) { editing = ''; render(); return; }
  if (!event.target.matches('.grip')) return;
  const way = {ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1}[event.key];
  if (!way) return;
  event.preventDefault();
  const id = event.target.closest('[data-id]').dataset.id;
  const at = cards.findIndex(card => card.id === id), next = way < 0 ? at - 1 : at + 2;
  if (next < 0 || next > cards.length) return;
  move(id, cards[next]?.id);
  drawn.get(id).node.querySelector('.grip').focus();
});
element.addEventListener('dragstart', event => {
  dragged = event.target.closest('[data-id]')?.dataset.id || '';
  event.dataTransfer.setData('text/plain', dragged);
  event.dataTransfer.effectAllowed = 'move';
});
element.addEventListener('dragover', event => { if (dragged) event.preventDefault(); });
element.addEventListener('drop', event => {
  if (!dragged) return;
  event.preventDefault();
  const onto = event.target.closest('[data-id]')?.dataset.id;
  const state = event.target.closest('[data-state]')?.dataset.state;
  if (onto !== dragged) move(dragged, onto, state);
  dragged = '';
});
watch('value', received);
received();
