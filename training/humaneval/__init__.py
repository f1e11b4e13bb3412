"""HumanEval: programs that a model wrote, run behind fences."""
