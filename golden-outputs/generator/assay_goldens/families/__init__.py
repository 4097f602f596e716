"""One module per family: its cases and the rules by which its tensors are synthesised."""
