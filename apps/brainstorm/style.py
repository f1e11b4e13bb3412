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
.page-brainstorm .card button { font: inherit; font-size: .85rem; padding: 6px 10px;
  min-height: 34px; cursor: pointer; border-radius: 6px; color: var(--body-text-color);
  background: var(--button-secondary-background-fill);
  border: 1px solid var(--button-secondary-border-color); }
.page-brainstorm .card button:hover { border-color: var(--link-text-color); }
.page-brainstorm .busy .card button { opacity: .5; pointer-events: none; }
.page-brainstorm .ask { display: flex; gap: 6px; align-items: center; justify-content: flex-end; }
.page-brainstorm .card .ask button { min-height: 28px; padding: 2px 8px; }
#board-status { color: var(--body-text-color-subdued); }
#board-status:has(p:empty) { position: absolute; }
"""
