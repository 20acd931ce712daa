// Descriptor numbers belong to the whole process: a test that closes one and looks at what the number means next must not
// find that a test beside it has taken it.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
