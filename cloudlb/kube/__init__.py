"""The Kubernetes side: wire objects, manifests, and clusters to read them from (DESIGN section 2).

`objects` is pure and may be imported anywhere; everything else here is for the commands and the controller.
"""
