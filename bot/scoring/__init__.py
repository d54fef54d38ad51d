"""How well questions are understood: banks of questions, asked and judged."""
