"""The embedded engine: llama.cpp, one scheduler, many people."""
