"""What `/metrics` shows, by the names that dashboards rely on.

One registry per process, apart from prometheus_client's global one, so that tests and embedding
programs never see somebody else's numbers. The rooms only count here; what people are told about
the queue is the one thing that is read back.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

registry = CollectorRegistry()

requests = Counter(
    "inkloop_requests",
    "Requests that ended, by app and outcome (stop, length, cancelled, deadline, closed, refused).",
    ["app", "outcome"],
    registry=registry,
)
prompt_tokens = Counter(
    "inkloop_prompt_tokens",
    "Prompt tokens, read or found in the cache.",
    ["source"],
    registry=registry,
)
generated_tokens = Counter("inkloop_generated_tokens", "Tokens written.", registry=registry)
first_token_seconds = Histogram(
    "inkloop_first_token_seconds",
    "From submission to the first token.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60),
    registry=registry,
)
token_gap_seconds = Histogram(
    "inkloop_token_gap_seconds",
    "Between two tokens of one answer.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3),
    registry=registry,
)
queue_waiting = Gauge("inkloop_queue_waiting", "Requests in the queue.", registry=registry)
running = Gauge("inkloop_running", "Answers being read or written.", registry=registry)
threads = Gauge("inkloop_threads", "Threads that write answers.", registry=registry)
kept_sequences = Gauge(
    "inkloop_kept_sequences", "Finished conversations kept for reuse.", registry=registry
)
kv_bytes = Gauge(
    "inkloop_kv_bytes",
    "Memory for the conversations of one loaded model, by what values are kept in: f16, or bf16"
    " where the pool is small and answers must not depend on who else is being answered.",
    ["values"],
    registry=registry,
)
parked_bytes = Gauge(
    "inkloop_parked_bytes",
    "Memory for finished conversations that wait beside the model's own.",
    registry=registry,
)
repacked_bytes = Gauge(
    "inkloop_repacked_bytes",
    "Memory for the weights' second layout, which is faster for few rows.",
    registry=registry,
)
release_info = Gauge(
    "inkloop_release_info",
    "1 for the release that takes new requests.",
    ["release", "sha256"],
    registry=registry,
)
swaps = Counter(
    "inkloop_swaps", "Changes of model that are complete: the old one is free.", registry=registry
)
swap_memory = Gauge(
    "inkloop_swap_memory_bytes",
    "Resident memory of the last change of model: before, at its peak, and after.",
    ["when"],
    registry=registry,
)
flags = Counter("inkloop_flags", "Flags received.", ["app", "verdict"], registry=registry)
flags_unpushed = Gauge(
    "inkloop_flags_unpushed", "Flags with consent that are not yet pushed.", registry=registry
)


def busy() -> tuple[int, int, float]:
    """Answers being written, requests that wait, and the mean time to a first word in seconds."""
    started = registry.get_sample_value("inkloop_first_token_seconds_count") or 0.0
    seconds = registry.get_sample_value("inkloop_first_token_seconds_sum") or 0.0
    now = (registry.get_sample_value(name) for name in ("inkloop_running", "inkloop_queue_waiting"))
    running, waiting = (int(value or 0) for value in now)
    return running, waiting, seconds / started if started else 0.0


def exposition() -> bytes:
    """Everything in Prometheus' text format."""
    return generate_latest(registry)
