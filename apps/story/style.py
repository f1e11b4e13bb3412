"""The story's own look: a game of the age of pixels, by day on parchment and by night on indigo.

Its pixels are borders and squares, not letters: the pixel font in Gradio's package has no Latin
alphabet.
"""

CSS = """
.page-story { --story-serif: "Iowan Old Style", "Palatino Linotype", Palatino, Georgia, serif;
  --story-back: #f6ead0; --story-ink: #33230f; --story-edge: #7a4b1d;
  --story-soft: #e9d5aa; --story-hot: #9c2f16; --story-on-hot: #fff7e6; }
.dark .page-story {
  --story-back: #191b3d; --story-ink: #f4ecd8; --story-edge: #8d92e0;
  --story-soft: #2b2e5e; --story-hot: #f2b632; --story-on-hot: #191b3d; }
.page-story .page-title h1 { font-family: var(--font-mono); font-size: 1.6rem;
  font-weight: 700; text-transform: uppercase; letter-spacing: .06em; color: var(--story-hot); }
.page-story .story-head { font-family: var(--font-mono);
  font-size: .9rem; line-height: 1.5; margin: 0 0 10px; color: var(--story-hot);
  font-weight: 700; letter-spacing: .04em; overflow-wrap: anywhere; }
#story-scene, #story-map { max-width: calc(100% - 8px); color: var(--story-ink);
  background: var(--story-back);
  border: 4px solid var(--story-edge); border-radius: 0; padding: 18px 20px; margin: 4px;
  box-shadow: 0 -4px 0 var(--story-edge), 0 4px 0 var(--story-edge), -4px 0 0 var(--story-edge),
    4px 0 0 var(--story-edge), inset 0 0 0 4px var(--story-soft); }
#story-scene { min-height: 190px; font-family: var(--story-serif); font-size: 1.15rem;
  line-height: 1.65; }
#story-scene .story-text { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
#story-scene .story-said { color: var(--story-hot); margin: 0 0 10px; overflow-wrap: anywhere;
  font-style: italic; }
#story-scene .story-over { font-family: var(--font-mono); font-size: .8rem;
  font-weight: 700; margin: 16px 0 0; color: var(--story-hot); text-align: center; }
#story-scene .story-cursor { display: inline-block; width: .6em; height: 1em; margin-left: 3px;
  vertical-align: -2px; background: var(--story-hot); animation: story-blink 1s steps(2) infinite; }
@keyframes story-blink { 50% { opacity: 0; } }
@media (prefers-reduced-motion: reduce) { #story-scene .story-cursor { animation: none; } }
#story-choices ol { list-style: none; margin: 4px; padding: 0; display: grid; gap: 10px; }
#story-choices button { width: 100%; min-height: 48px; text-align: start; padding: 10px 14px;
  font: inherit; font-size: 1rem; line-height: 1.4; cursor: pointer; color: var(--story-ink);
  background: var(--story-soft); border: 3px solid var(--story-edge); border-radius: 0;
  display: flex; gap: 12px; align-items: baseline; overflow-wrap: anywhere; }
#story-choices button > span:last-child { min-width: 0; }
#story-choices button:hover, #story-choices button:focus-visible { background: var(--story-hot);
  color: var(--story-on-hot); }
#story-choices .key { font-family: var(--font-mono); font-weight: 700; flex: none; }
#story-choices button.stock { border-style: dashed; }
#story-choices .note { font-size: .85rem; color: var(--body-text-color-subdued);
  margin: 6px 4px 0; }
#story-status { min-height: 1.5em; color: var(--body-text-color-subdued); }
#story-map { padding: 12px; overflow: auto; max-height: 460px; }
#story-map svg { display: block; margin: 0 auto; }
.page-story h2.story-head { margin: 10px 4px 0; }
#story-map .map-empty { margin: 0; }
#story-map path { fill: none; stroke: var(--story-edge); stroke-width: 3; stroke-dasharray: 3 5; }
#story-map path.taken { stroke-dasharray: none; stroke-width: 4; }
#story-map .node { cursor: pointer; outline: none; }
#story-map rect { fill: var(--story-soft); stroke: var(--story-edge); stroke-width: 3; }
#story-map text { font: 700 .72rem var(--font-mono); fill: var(--story-ink);
  text-anchor: middle; dominant-baseline: central; }
#story-map .taken rect { stroke-width: 4; }
#story-map .here rect { fill: var(--story-hot); }
#story-map .here text { fill: var(--story-on-hot); }
#story-map .node:hover rect, #story-map .node:focus-visible rect { stroke: var(--story-hot);
  stroke-width: 6; }
.page-story .story-earlier details { margin: 0 4px; }
.page-story .story-earlier summary { cursor: pointer; color: var(--link-text-color);
  padding: 6px 0; }
.page-story .story-earlier p { white-space: pre-wrap; overflow-wrap: anywhere; margin: 4px 0 10px;
  font-family: var(--story-serif); }
.page-story .story-earlier .story-said { font-style: italic;
  color: var(--body-text-color-subdued); }
.page-story .story-beginning { align-items: flex-end; }
#story-begin, #story-surprise { align-self: flex-end; margin: 0; }
#story-status:has(p:empty) { position: absolute; }
.page-story .emblem { display: block; width: 100%; max-height: 150px; margin: 0 0 12px;
  border: 3px solid var(--story-edge); }
.page-story .story-kind, .page-story .story-edited { font-family: var(--font-mono);
  font-size: .8rem; color: var(--story-ink); opacity: .8; margin: 0 0 8px; }
#story-choices .mark { margin-inline-start: auto; font-size: .8rem; white-space: nowrap; }
#story-map .map-tools { position: sticky; left: 0; top: 0; display: flex; gap: 6px;
  justify-content: flex-end; }
#story-map .map-tools button { min-width: 34px; min-height: 34px; border: 2px solid
  var(--story-edge); color: var(--story-ink); background: var(--story-soft); cursor: pointer; }
#story-map path.link { stroke: var(--story-hot); stroke-dasharray: 2 4; stroke-width: 2; }
.page-story .story-budget p { margin: 0; font-size: .85rem; color: var(--body-text-color-subdued); }
.page-story.reading .story-beginning, .page-story.reading .story-manner,
.page-story.reading .story-side, .page-story.reading .vote { display: none !important; }
.page-story.reading #story-scene { font-size: 1.3rem; max-width: 40rem; margin-inline: auto; }
@media print {
  .page-story .story-beginning, .page-story .story-manner, .page-story .story-side,
  .page-story .vote, #story-choices, #story-action, .page-story .story-ways, #story-status,
  .page-story .story-scene-tools { display: none !important; }
  #story-scene { border: 0; box-shadow: none; background: none; color: #000; }
}
@media (max-width: 640px) { #story-scene { padding: 14px; font-size: 1.08rem; } }
"""
