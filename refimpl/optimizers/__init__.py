"""Update rules, one module each idea."""
