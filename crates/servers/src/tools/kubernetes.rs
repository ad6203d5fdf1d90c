//! The tools of Kubernetes that the chart's tests run, and its API server with its store. No sums of their releases' archives are pinned, so they are built
//! by Go, whose own database of sums vouches for the sources.

use super::Tool;

/// What lies in Kubernetes' own repository, and is published with it as v0.MINOR.PATCH.
const STAGED: [&str; 31] = [
    "api",
    "apiextensions-apiserver",
    "apimachinery",
    "apiserver",
    "cli-runtime",
    "client-go",
    "cloud-provider",
    "cluster-bootstrap",
    "code-generator",
    "component-base",
    "component-helpers",
    "controller-manager",
    "cri-api",
    "cri-client",
    "csi-translation-lib",
    "dynamic-resource-allocation",
    "endpointslice",
    "externaljwt",
    "kms",
    "kube-aggregator",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "kubelet",
    "metrics",
    "mount-utils",
    "pod-security-admission",
    "sample-apiserver",
    "sample-cli-plugin",
    "sample-controller",
];

impl Tool {
    /// Helm, which renders the chart and installs it.
    pub fn helm() -> Self {
        const VERSION: &str = "3.22.0";
        // As Helm's own Makefile has it: which version this is, and which Kubernetes it renders for without a cluster
        // (that of its client-go).
        let mut flags = format!("-s -w -X helm.sh/helm/v3/internal/version.version=v{VERSION}");
        for package in ["lint/rules", "chartutil"] {
            for (part, number) in [("Major", 1), ("Minor", 37)] {
                flags.push_str(&format!(" -X helm.sh/helm/v3/pkg/{package}.k8sVersion{part}={number}"));
            }
        }
        Self::new("Helm", "helm", VERSION)
            .manual("install Helm 3 so that `helm` is on PATH (https://helm.sh/docs/intro/install)")
            .go_package("helm.sh/helm/v3/cmd/helm", flags)
    }

    /// The check of manifests against the schemas of Kubernetes and of custom resources.
    pub fn kubeconform() -> Self {
        const VERSION: &str = "0.8.0";
        Self::new("kubeconform", "kubeconform", VERSION)
            .manual("install kubeconform so that it is on PATH (https://github.com/yannh/kubeconform)")
            .go_package("github.com/yannh/kubeconform/cmd/kubeconform", format!("-s -w -X main.version=v{VERSION}"))
    }

    /// The store of Kubernetes' API server.
    pub fn etcd() -> Self {
        const VERSION: &str = "3.6.5";
        const MODULE: &str = "go.etcd.io/etcd/server/v3";
        Self::new("etcd", "etcd", VERSION)
            .manual("install etcd so that it is on PATH (https://etcd.io/docs/latest/install)")
            .go_package(MODULE, "-s -w")
            .go_module([(MODULE, VERSION)], [])
    }

    /// Kubernetes' API server.
    pub fn kube_apiserver() -> Self {
        const VERSION: &str = "1.34.2";
        let staged = STAGED.map(|name| (format!("k8s.io/{name}"), "0.34.2"));
        // Else it does not know its version, and neither do its clients.
        let known = [("gitVersion", "v1.34.2"), ("gitMajor", "1"), ("gitMinor", "34")];
        let known = known.map(|(name, value)| format!(" -X k8s.io/component-base/version.{name}={value}"));
        Self::new("Kubernetes API server", "kube-apiserver", VERSION)
            .manual("install kube-apiserver so that it is on PATH (https://kubernetes.io/releases/download)")
            .go_package("k8s.io/kubernetes/cmd/kube-apiserver", format!("-s -w{}", known.concat()))
            // What lies in its repository, its go.mod replaces by folders.
            .go_module(
                [("k8s.io/kubernetes", VERSION)],
                staged.iter().map(|(module, version)| (module.as_str(), *version)),
            )
    }
}
