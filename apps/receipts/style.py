"""The look of the page about flags."""

CSS = """
.page-flags .sr { position: absolute; left: -999px; }
.page-flags h2 { font-size: 1.2rem; font-weight: 600; margin: 10px 0 4px; }
.page-flags h3 { font-size: 1rem; font-weight: 600; margin: 4px 0; }
.receipts-none, .life-id { color: var(--body-text-color-subdued); }
.receipts-own { list-style: none; margin: 0; padding: 0; display: grid; gap: 6px; }
.receipts-own button { display: grid; grid-template-columns: auto 1fr auto; gap: 2px 12px;
  align-items: baseline; width: 100%; text-align: start; font: inherit; padding: 9px 12px;
  cursor: pointer; border: 1px solid var(--border-color-primary); border-radius: 6px;
  background: var(--block-background-fill); color: var(--body-text-color); min-height: 44px; }
.receipts-own button:hover { border-color: var(--link-text-color); }
.receipts-own b { font-weight: 600; }
.receipts-own span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0;
  color: var(--body-text-color-subdued); }
.receipts-own em { font-style: normal; grid-column: 3; color: var(--link-text-color); }
.life { padding: 14px 18px; border: 1px solid var(--border-color-primary); border-radius: 8px;
  border-inline-start: 4px solid var(--link-text-color); background: var(--block-background-fill);
  overflow-wrap: anywhere; }
.life h2 { margin-top: 0; }
.life code { font-family: var(--font-mono); font-size: .9em; }
.page-flags .life .life-steps { list-style: none; display: flex; flex-wrap: wrap;
  gap: 10px 8px; margin: 0; padding: 14px 0 10px !important; }
.life-steps li { flex: 1 1 120px; padding: 6px 0 0; border-top: 4px solid; font-size: .85rem; }
.life-steps .done { border-color: var(--link-text-color); color: var(--body-text-color);
  font-weight: 600; }
.life-steps .open { border-color: var(--border-color-primary);
  color: var(--body-text-color-subdued); }
.page-flags .life .life-history { margin: 0; padding: 4px 0 10px !important;
  list-style: none; display: grid; gap: 4px; }
.life-history time { color: var(--body-text-color-subdued); font-variant-numeric: tabular-nums;
  font-size: .85rem; margin-inline-end: 6px; }
.life-history q { display: block; margin: 2px 0 4px 12px; padding-inline-start: 8px;
  border-inline-start: 2px solid var(--border-color-primary); white-space: pre-wrap; }
.page-flags pre { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24rem; overflow: auto;
  margin: 0; padding: 10px; font-size: .85rem; border: 1px solid var(--border-color-primary);
  border-radius: 6px; background: var(--block-background-fill); color: var(--body-text-color); }
.then-now small { font-weight: 400; color: var(--body-text-color-subdued); }
.then-now pre { font-family: inherit; font-size: .95rem; min-height: 6rem; }
#flags-warning { border: 2px solid #b42318; border-radius: 8px; padding: 6px 14px; }
#flags-warning ul { margin: 4px 0; padding-inline-start: 20px; list-style: disc; }
#flags-warning li { margin: 3px 0; overflow-wrap: anywhere; }
@media (max-width: 560px) { .receipts-own button { grid-template-columns: 1fr; }
  .receipts-own em { grid-column: 1; } }
"""
