"""The look of poetry: a page of a book, and a plain table beside it."""

CSS = """
#poem-text { min-height: 150px; padding: 26px 30px; border-radius: 3px;
  border: 1px solid var(--border-color-primary); background: var(--block-background-fill);
  color: var(--body-text-color);
  font-family: "Iowan Old Style", "Palatino Linotype", Palatino, Georgia, serif; }
#poem-text .poem-title { margin: 0 0 14px; font-style: italic; overflow-wrap: anywhere;
  color: var(--body-text-color-subdued); }
#poem-text .verse { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 1.25rem;
  line-height: 1.75; min-height: 3em; }
#poem-text .margins { display: grid; gap: 2px 0; white-space: normal; }
#poem-text .line { display: grid; grid-template-columns: 3.9rem 1fr 1.4rem; align-items: end;
  border-radius: 4px; }
#poem-text .line:hover { background: var(--background-fill-secondary); }
#poem-text .line::after { content: attr(data-rhyme); text-align: end; padding-inline-end: 4px;
  font: .8rem var(--font); color: var(--body-text-color-subdued); padding-bottom: .5em; }
#poem-text .words { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.9;
  padding-top: .3em; min-width: 0; }
#poem-text .pick { border: 0; background: none; cursor: pointer; text-align: start; padding: 4px 0;
  min-height: 34px; color: var(--body-text-color-subdued); font: .8rem var(--font);
  font-variant-numeric: tabular-nums; }
#poem-text .pick::before { content: attr(data-count); border-bottom: 1px dotted currentColor; }
#poem-text .amiss .pick { color: #9b2c2c; font-weight: 700; }
.dark #poem-text .amiss .pick { color: #feb2b2; }
#poem-text .w { position: relative; cursor: pointer; display: inline-block; border-radius: 3px; }
#poem-text .w:hover { background: var(--border-color-primary); }
#poem-text .w::before { content: attr(data-stress); position: absolute; inset: -.95em 0 auto;
  text-align: center; font: .62rem/1 var(--font-mono); letter-spacing: .1em;
  color: var(--body-text-color-subdued); pointer-events: none; white-space: nowrap; }
#poem-text .w.unsure { text-decoration: underline wavy #b7791f 1px; text-underline-offset: 4px; }
#poem-text .w.own { text-decoration: underline dotted; text-underline-offset: 4px; }
#poem-drafts .drafts { margin: 0; padding-inline-start: 1.4em; display: grid; gap: 14px; }
#poem-drafts .draft { white-space: pre-wrap; overflow-wrap: anywhere; }
#poem-drafts .draft-title { margin: 0; color: var(--body-text-color-subdued); font-size: .85rem; }
#poem-drafts ins { background: #cdeccf; color: #10391b; text-decoration: none; }
#poem-drafts del { background: #f6cfcb; color: #5c130b; }
.dark #poem-drafts ins { background: #17462a; color: #d3f4da; }
.dark #poem-drafts del { background: #5f1d17; color: #fbdcd8; }
#poem-text .poem-empty { color: var(--body-text-color-subdued); margin: 0; }
.page-poetry .verdict { margin: 0 0 8px; font-weight: 600; }
.page-poetry .verdict.fits::before { content: "✓ "; color: #2f855a; }
.page-poetry .table { overflow-x: auto; }
.page-poetry table { width: 100%; border-collapse: collapse; font-size: .92rem; }
.page-poetry th, .page-poetry td { text-align: start; padding: 6px 8px; vertical-align: baseline;
  border-top: 1px solid var(--border-color-primary); font-variant-numeric: tabular-nums; }
.page-poetry thead th { border-top: 0; font-weight: 600; font-size: .8rem;
  color: var(--body-text-color-subdued); }
.page-poetry tbody th { font-weight: 400; color: var(--body-text-color-subdued); }
.page-poetry td small { color: var(--body-text-color-subdued); }
.page-poetry .stress { font-family: var(--font-mono); font-size: .82rem; min-width: 5em; }
.page-poetry .words { min-width: 9em; overflow-wrap: anywhere; }
.page-poetry .problem { display: block; color: #9b2c2c; }
.dark .page-poetry .problem { color: #feb2b2; }
.page-poetry .unsure { display: block; color: var(--body-text-color-subdued); font-size: .85rem; }
.page-poetry table button, #poem-drafts button { font: inherit; font-size: .85rem;
  padding: 4px 10px; min-height: 30px;
  cursor: pointer; border-radius: 6px; color: var(--body-text-color);
  background: var(--button-secondary-background-fill);
  border: 1px solid var(--button-secondary-border-color); }
.page-poetry .unseen { position: absolute; clip-path: inset(50%); }
#poem-status { color: var(--body-text-color-subdued); }
#poem-status:has(p:empty) { position: absolute; }
@media (max-width: 640px) { #poem-text { padding: 18px; }
  .page-poetry .table table, .page-poetry .table tbody { display: block; }
  .page-poetry .table thead { display: none; }
  .page-poetry .table tr { display: flex; flex-wrap: wrap; gap: 0 8px; align-items: baseline;
    border-top: 1px solid var(--border-color-primary); padding: 4px 0; }
  .page-poetry .table tr > * { border: 0; padding: 4px; }
  .page-poetry .table .words { flex: 1 1 100%; order: 9; }
  .page-poetry .table .words:empty { display: none; }
  .page-poetry .table td:last-child:not(.words) { margin-inline-start: auto; } }
"""
