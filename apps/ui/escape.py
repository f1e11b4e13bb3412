"""Text of people and models inside a `gr.HTML` template, so that it stays text.

A template's `${…}` is put into the page as HTML, and Handlebars' `{{…}}` is pasted into JavaScript
before that, so it would even run code. Only the escaping made here, in the JavaScript stage of the
template, is safe; `{{…}}` is never used.
"""

_ESCAPED = r"""String(@).replace(/[&<>"'`]/g,x=>'&#'+x.charCodeAt(0)+';')"""


def text(expression: str) -> str:
    """Template code that writes the value of a JavaScript expression as text.

    Also safe inside an attribute in quotes; not for `href`, `src` or style.
    """
    return "${" + _ESCAPED.replace("@", expression) + "}"
