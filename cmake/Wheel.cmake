# What goes into the Python wheel besides python/evergpu; paths are relative to site-packages.
# tensorflow-plugins is the folder that TensorFlow loads at import, every library in it, so it holds
# ours alone; oneDNN comes from its own wheel, into the environment's lib folder.
# Nothing may be left to be found at load time: it would fail on somebody's machine, not here.
target_link_options(evergpu_tensorflow PRIVATE -Wl,-z,defs)
set_target_properties(evergpu_tensorflow PROPERTIES INSTALL_RPATH "$ORIGIN/../../..")
install(TARGETS evergpu_tensorflow LIBRARY DESTINATION tensorflow-plugins COMPONENT wheel)
install(FILES python/evergpu.pth DESTINATION . COMPONENT wheel)
install(TARGETS evergpu_cli RUNTIME DESTINATION ${SKBUILD_SCRIPTS_DIR} COMPONENT wheel)
