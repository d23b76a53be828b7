"""What the tests share: the device under test, the op sweep's machinery, models, child processes."""
