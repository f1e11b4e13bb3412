"""The apps: what people see and use.

Gradio reads these variables when it is imported, so they are set here, before any page can import
it: no telemetry and no version check, no copy of every call in the browser's storage, and short
books on past events.
"""

import os

os.environ.update(
    GRADIO_ANALYTICS_ENABLED="False",
    GRADIO_RUN_HISTORY="False",
    GRADIO_SSR_MODE="False",
    HF_HUB_DISABLE_TELEMETRY="1",
)
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "50")
