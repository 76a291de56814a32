"""What the pages share: the selection, cached services, charts and widgets."""
