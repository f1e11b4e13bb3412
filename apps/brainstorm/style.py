"""The board's look: cards on a wall."""

CSS = """
.page-brainstorm .board { display: grid; gap: 14px; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(270px, 100%), 1fr)); }
#board h2 { font-size: 1.25rem; margin: 4px 0 12px; overflow-wrap: anywhere; }
.page-brainstorm .board-empty { color: var(--body-text-color-subdued); padding: 28px 12px;
  text-align: center; border: 2px dashed var(--border-color-primary); border-radius: 8px; }
.page-brainstorm .card { display: flex; flex-direction: column; gap: 8px; padding: 14px 16px;
  border: 1px solid var(--border-color-primary); border-top: 4px solid var(--color-accent);
  border-radius: 8px; background: var(--block-background-fill); color: var(--body-text-color);
  min-width: 0; }
.page-brainstorm .card.own { border-top-color: #b7791f; }
.page-brainstorm .card.coming { opacity: .75; border-style: dashed; }
.page-brainstorm .card h3 { margin: 0; font-weight: 600; font-size: 1.05rem; line-height: 1.3;
  overflow-wrap: anywhere; }
.page-brainstorm .card p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere;
  line-height: 1.5; }
.page-brainstorm .card .from, .page-brainstorm .card .ask { font-size: .85rem;
  color: var(--body-text-color-subdued); }
.page-brainstorm .scores { list-style: none; margin: 0; padding: 8px 0 0; display: grid; gap: 6px;
  border-top: 1px solid var(--border-color-primary); font-size: .9rem; }
.page-brainstorm .scores li { display: grid; grid-template-columns: 1fr auto; gap: 0 8px;
  overflow-wrap: anywhere; min-width: 0; }
.page-brainstorm .scores b { font-variant-numeric: tabular-nums; }
.page-brainstorm .scores small { grid-column: 1 / -1; color: var(--body-text-color-subdued);
  font-size: .85rem; }
.page-brainstorm .card footer { display: flex; flex-wrap: wrap; gap: 6px; align-items: center;
  margin-top: auto; padding-top: 4px; }
.page-brainstorm .card button, .page-brainstorm .many button,
.page-brainstorm .tools button { font: inherit; font-size: .85rem; padding: 6px 10px;
  min-height: 34px; cursor: pointer; border-radius: 6px; color: var(--body-text-color);
  background: var(--button-secondary-background-fill);
  border: 1px solid var(--button-secondary-border-color); }
.page-brainstorm .card button:hover { border-color: var(--link-text-color); }
.page-brainstorm .ask { display: flex; gap: 6px; align-items: center; justify-content: flex-end; }
.page-brainstorm .card .ask button { min-height: 28px; padding: 2px 8px; }
.page-brainstorm .wall.columns { grid-template-columns: repeat(4, minmax(220px, 1fr));
  overflow-x: auto; }
.page-brainstorm .column { min-width: 0; min-height: 120px; padding: 8px; border-radius: 8px;
  background: var(--background-fill-secondary); }
.page-brainstorm .column h4 { margin: 0 0 8px; font-size: .9rem; font-weight: 600; }
.page-brainstorm .column .list { display: grid; gap: 10px; min-height: 60px; }
.page-brainstorm .wall > .card { content-visibility: auto; contain-intrinsic-size: auto 240px; }
.page-brainstorm .top { display: flex; gap: 8px; align-items: center; min-height: 26px; }
.page-brainstorm .top .grip { margin-inline-start: auto; cursor: grab; }
.page-brainstorm .top input { appearance: auto; width: 20px; height: 20px;
  accent-color: var(--color-accent); }
.page-brainstorm .top select, .page-brainstorm .many select { appearance: auto; }
.page-brainstorm .top select, .page-brainstorm .many select, .page-brainstorm .many input,
.page-brainstorm .tools .filter, .page-brainstorm .editor input, .page-brainstorm .editor textarea {
  font: inherit; font-size: .9rem; padding: 4px 8px; min-height: 32px; border-radius: 6px;
  color: var(--body-text-color); background: var(--input-background-fill);
  border: 1px solid var(--border-color-primary); min-width: 0; }
.page-brainstorm .tools, .page-brainstorm .many { display: flex; flex-wrap: wrap; gap: 8px;
  align-items: center; margin-bottom: 10px; }
.page-brainstorm .tools[hidden], .page-brainstorm .many[hidden],
.page-brainstorm .board-empty[hidden] { display: none; }
.page-brainstorm .many { position: sticky; top: 0; z-index: 5; padding: 8px; border-radius: 8px;
  background: var(--block-background-fill); border: 1px solid var(--color-accent); }
.page-brainstorm .hints { margin: 0; font-size: .85rem; color: var(--body-text-color-subdued); }
.page-brainstorm .editor { display: grid; gap: 8px; }
.page-brainstorm .tags { display: flex; flex-wrap: wrap; gap: 4px; }
.page-brainstorm .tag { font-size: .8rem; padding: 1px 8px; border-radius: 10px;
  background: var(--button-secondary-background-fill); overflow-wrap: anywhere; }
.page-brainstorm .twin { font-size: .85rem; color: #8a5a00; overflow-wrap: anywhere; }
.dark .page-brainstorm .twin { color: #f3c969; }
.page-brainstorm .track { grid-column: 1 / -1; position: relative; height: 6px; border-radius: 3px;
  background: var(--border-color-primary); }
.page-brainstorm .track::before { content: ""; position: absolute; inset: 0 auto 0 0;
  width: var(--mean); border-radius: 3px; background: var(--color-accent); opacity: .75; }
.page-brainstorm .track::after { content: ""; position: absolute; top: -3px; bottom: -3px;
  left: var(--low); width: var(--wide); border: solid var(--body-text-color);
  border-width: 0 1px; opacity: .8; }
.page-brainstorm .past { font-size: .85rem; color: var(--body-text-color-subdued);
  border-inline-start: 2px solid var(--border-color-primary); padding-inline-start: 8px; }
.page-brainstorm .board-empty ol { display: inline-block; text-align: start; max-width: 44em; }
#board-lineage ul { padding-inline-start: 1.2em; list-style: disc; margin: 0; }
#board-lineage li { overflow-wrap: anywhere; }
#board-status { color: var(--body-text-color-subdued); }
#board-status:has(p:empty) { position: absolute; }
"""
