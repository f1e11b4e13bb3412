"""The look of the reviewers' pages."""

CSS = """
.admin-top { display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; }
.admin-top form { margin-inline-start: auto; }
.admin-top form button { font: inherit; min-height: 36px; padding: 4px 12px; cursor: pointer;
  border-radius: 6px; color: var(--body-text-color);
  background: var(--button-secondary-background-fill);
  border: 1px solid var(--button-secondary-border-color); }
.page-review h2, .page-admin h2 { font-size: 1.15rem; font-weight: 600; margin: 6px 0; }
.page-review h3, .page-admin h3 { font-size: .95rem; font-weight: 600; margin: 10px 0 3px; }
.review-suspicions { border: 1px solid var(--border-color-primary); border-radius: 6px;
  border-inline-start: 4px solid #b7791f; padding: 8px 12px; }
.review-suspicions summary { font-weight: 600; cursor: pointer; min-height: 24px; }
.review-suspicions ul { list-style: none; margin: 6px 0; padding: 0; display: flex;
  flex-wrap: wrap; gap: 6px; }
.review-suspicions button, .review-only button { font: inherit; font-size: .9rem; min-height: 36px;
  padding: 4px 12px; cursor: pointer; border-radius: 6px; text-align: start;
  color: var(--body-text-color); background: var(--button-secondary-background-fill);
  border: 1px solid var(--button-secondary-border-color); }
.review-suspicions p { margin: 0; color: var(--body-text-color-subdued); font-size: .9rem; }
.review-only { margin: 0 0 6px; display: flex; flex-wrap: wrap; gap: 4px 10px;
  align-items: center; justify-content: space-between; }
.review-count, .review-empty, .review-keys { color: var(--body-text-color-subdued); margin: 0; }
.review-keys kbd { font: .85em var(--font-mono); padding: 1px 6px; border-radius: 4px;
  border: 1px solid var(--border-color-primary); color: var(--body-text-color); }
.review-lines { list-style: none; margin: 6px 0 0; padding: 0; display: grid; gap: 4px; }
.review-lines button { display: grid; gap: 1px; width: 100%; text-align: start; font: inherit;
  font-size: .9rem; padding: 7px 10px; cursor: pointer; border-radius: 6px; min-height: 44px;
  border: 1px solid var(--border-color-primary); color: var(--body-text-color);
  background: var(--block-background-fill); border-inline-start: 4px solid transparent; }
.review-lines button:hover { border-color: var(--link-text-color); }
.review-lines [aria-current] { border-inline-start-color: var(--link-text-color);
  background: var(--button-secondary-background-fill); }
.review-lines span, .review-lines small { overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; min-width: 0; }
.review-lines small { color: var(--body-text-color-subdued); }
.state-approved, .state-in_dataset, .state-in_run, .state-shipped { color: #276749; }
.state-rejected { color: #9b2c1c; } .state-quarantined { color: #85500b; }
.dark .state-approved, .dark .state-in_dataset, .dark .state-in_run, .dark .state-shipped {
  color: #8fd6a8; }
.dark .state-rejected { color: #f2a79c; } .dark .state-quarantined { color: #f0c37d; }
.review-flag { overflow-wrap: anywhere; }
.review-flag dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 12px; margin: 0; }
.review-flag dt { color: var(--body-text-color-subdued); } .review-flag dd { margin: 0; }
.review-flag pre, .review-diff { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0;
  max-height: 22rem; overflow: auto; padding: 8px 10px; font: inherit; font-size: .93rem;
  border: 1px solid var(--border-color-primary); border-radius: 6px;
  background: var(--block-background-fill); color: var(--body-text-color); }
.review-flag .rated pre { border-inline-start: 4px solid #b7791f; }
.review-flag .turns { list-style: none; margin: 0; padding: 0; display: grid; gap: 6px; }
.review-flag .turns b { font-size: .85rem; color: var(--body-text-color-subdued); }
.review-diff ins { background: #cdeccf; color: #10391b; text-decoration: none; }
.review-diff del { background: #f6cfcb; color: #5c130b; }
.dark .review-diff ins { background: #17462a; color: #d3f4da; }
.dark .review-diff del { background: #5f1d17; color: #fbdcd8; }
#review-acts button { min-width: 0; }
@media (max-width: 700px) { .review-lines { max-height: 42vh; overflow: auto; } }
#served-promote, #served-rollback { align-self: center; }
.admin-table { border-collapse: collapse; width: 100%; font-size: .92rem; }
.admin-table th, .admin-table td { text-align: start; padding: 5px 10px; vertical-align: top;
  border-bottom: 1px solid var(--border-color-primary); overflow-wrap: anywhere; }
.admin-table td.n { text-align: end; font-variant-numeric: tabular-nums; }
.admin-scroll { overflow-x: auto; }
@media (max-width: 700px) { .admin-scroll .admin-table { min-width: 36rem; } }
.enough { padding: 10px 16px; border-radius: 8px; border: 1px solid var(--border-color-primary);
  border-inline-start: 4px solid #b7791f; background: var(--block-background-fill); }
.enough.yes { border-inline-start-color: #2f855a; }
.enough p { margin: 3px 0; } .page-admin code { font-family: var(--font-mono); font-size: .9em; }
.retrain-log { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24rem; overflow: auto;
  padding: 8px 10px; font: .85rem/1.45 var(--font-mono); margin: 0; border-radius: 6px;
  border: 1px solid var(--border-color-primary); background: var(--block-background-fill); }
#retrain-asking, #served-sure-box {
  border: 2px solid #b7791f; border-radius: 8px; padding: 8px 14px; }
"""
