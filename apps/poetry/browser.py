"""What the visitor's own browser does with a poem: copy it, say it, draw it."""

_TEXT = "document.querySelector('#poem-text .verse')?.innerText ?? ''"

COPY = f"""async () => {{
  const text = {_TEXT};
  try {{ await navigator.clipboard.writeText(text); }}
  catch {{
    // Without https a page may not use the clipboard by itself: the old way by a selection.
    const field = document.createElement('textarea');
    field.value = text; document.body.append(field); field.select();
    document.execCommand('copy'); field.remove();
  }}
}}"""

ALOUD = f"""() => {{
  if (!window.speechSynthesis) return;
  if (speechSynthesis.speaking) {{ speechSynthesis.cancel(); return; }}
  for (const line of {_TEXT}.split('\\n')) {{
    const said = new SpeechSynthesisUtterance(line);
    said.lang = 'en'; said.rate = 0.85;
    speechSynthesis.speak(said);
  }}
}}"""
"""A second press ends it."""

PNG = """files => files.forEach(file => {
  const url = URL.createObjectURL(new Blob([file.text], {type: 'image/svg+xml'}));
  const drawn = new Image();
  drawn.onload = () => {
    const sheet = document.createElement('canvas');
    sheet.width = drawn.width * 2; sheet.height = drawn.height * 2;
    sheet.getContext('2d').drawImage(drawn, 0, 0, sheet.width, sheet.height);
    URL.revokeObjectURL(url);
    sheet.toBlob(blob => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = file.name.replace(/svg$/, 'png');
      link.click();
      URL.revokeObjectURL(link.href);
    });
  };
  drawn.src = url;
})"""
"""The card as a picture of twice its size; drawn here, so that no words leave the machine."""
